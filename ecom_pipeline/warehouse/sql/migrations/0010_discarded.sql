-- Records that a person discarded are not open; and what the revenue of the trust row is counted in.
alter table sales.backlog add column quarantine_discarded bigint not null default 0;

drop view sales.data_trust;

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
  w.quarantine_discarded,
  w.days_pending,
  (select max(currency) from sales.shop) as currency
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
  select
    max(quarantine_open) as quarantine_open,
    max(quarantine_discarded) as quarantine_discarded,
    max(days_pending) as days_pending
  from sales.backlog
) w;
