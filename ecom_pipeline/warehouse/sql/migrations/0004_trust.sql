-- How far the figures can be trusted, as one row that a dashboard can show beside them.

-- What the newest comparison of all stores found of a day, and the version that it saw: a day that
-- is published again is not reconciled any more. Version 0 is a day that was never published.
create table sales.reconciliations (
  invoice_date date not null,
  version integer not null,
  reconciled_at timestamp not null,
  differences bigint not null
) diststyle all sortkey (invoice_date);

-- What waits outside of the warehouse, as of the newest comparison; one row, or none before it.
create table sales.backlog (
  quarantine_open bigint not null,
  days_pending bigint not null
) diststyle all;

create view sales.data_trust as
select
  p.as_of,
  f.last_event,
  p.days_published,
  p.rows_published,
  p.revenue,
  p.days_not_in_marts,
  case
    when c.days_differing > 0 then 'no'
    when p.days_unreconciled = 0 and p.days_published > 0 then 'yes'
    else 'unknown'
  end as reconciled,
  c.reconciled_at,
  c.days_differing,
  p.days_unreconciled,
  w.quarantine_open,
  w.days_pending
from (
  select
    max(l.published_at) as as_of,
    count(*) as days_published,
    coalesce(sum(l.row_count), 0)::bigint as rows_published,
    coalesce(sum(l.amount), 0)::decimal(22,4) as revenue,
    coalesce(sum(case when b.version is null then 1 else 0 end), 0)::bigint as days_not_in_marts,
    coalesce(sum(case when r.version is null then 1 else 0 end), 0)::bigint as days_unreconciled
  from sales.load_ledger l
  join (
    select invoice_date, max(version) as version from sales.load_ledger group by invoice_date
  ) n on n.invoice_date = l.invoice_date and n.version = l.version
  left join marts.builds b on b.invoice_date = l.invoice_date and b.version = l.version
  left join sales.reconciliations r on r.invoice_date = l.invoice_date and r.version = l.version
) p
cross join (select max(invoice_time) as last_event from sales.fact_invoice_lines) f
cross join (
  select
    max(r.reconciled_at) as reconciled_at,
    coalesce(sum(case when r.differences > 0 then 1 else 0 end), 0)::bigint as days_differing
  from sales.reconciliations r
  left join (
    select invoice_date, max(version) as version from sales.load_ledger group by invoice_date
  ) n on n.invoice_date = r.invoice_date
  where r.version = coalesce(n.version, 0)
) c
cross join (
  select max(quarantine_open) as quarantine_open, max(days_pending) as days_pending
  from sales.backlog
) w;
