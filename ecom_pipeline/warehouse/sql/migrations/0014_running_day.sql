-- Up to which moment a day is loaded that was not over, in UTC and in the shop's time zone; null
-- for a day that was. Both, as Redshift documents CONVERT_TIMEZONE for literal time zones only.
alter table sales.load_ledger add column running_until timestamp;
alter table sales.load_ledger add column running_until_local timestamp;

-- A day that is not over is not restated by what it gets until its end.
drop view sales.restatements;

create view sales.restatements as
select
  invoice_date,
  version,
  cause,
  published_at,
  rows_before,
  row_count as rows_after,
  rows_added,
  rows_removed,
  rows_changed,
  amount_before,
  amount as amount_after,
  amount - amount_before as amount_delta,
  published_by,
  run_id,
  requested_by,
  approved_plan
from sales.load_ledger
where version > 1 and cause not in ('running', 'over');

-- Of the version that the marts have.
drop view marts.daily_sales;

create view marts.daily_sales as
select
  d.invoice_date,
  d.gross,
  d.returned,
  d.adjusted,
  d.net,
  d.net - coalesce(r.returned_here, 0) + coalesce(s.returned_later, 0) as net_by_sale_date,
  d.pieces,
  d.pieces_written_off,
  d.invoices,
  d.customers,
  d.lines,
  d.guest_lines,
  d.guest_net,
  l.running_until_local as running_until
from marts.sale_days d
left join (
  select invoice_date, sum(amount) as returned_here
  from marts.returns where sale_date is not null group by invoice_date
) r on r.invoice_date = d.invoice_date
left join (
  select sale_date, sum(amount) as returned_later
  from marts.returns where sale_date is not null group by sale_date
) s on s.sale_date = d.invoice_date
left join marts.builds b on b.invoice_date = d.invoice_date
left join sales.load_ledger l on l.invoice_date = b.invoice_date and l.version = b.version;

-- A day that is not over is compared once it is.
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
  (select max(currency) from sales.shop) as currency,
  p.running_until
from (
  select
    max(l.published_at) as as_of,
    count(*) as days_published,
    coalesce(sum(l.row_count), 0)::bigint as rows_published,
    coalesce(sum(l.amount), 0)::decimal(22,4) as revenue,
    coalesce(sum(case when b.version is null then 1 else 0 end), 0)::bigint as days_not_in_marts,
    coalesce(
      sum(case when r.version is null and l.running_until is null then 1 else 0 end), 0
    )::bigint as days_unreconciled,
    max(l.running_until_local) as running_until
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
