select
  invoice_date,
  sum(case when kind = 'sale' then amount else 0 end),
  sum(case when kind = 'cancellation' then amount else 0 end),
  sum(case when kind = 'adjustment' then amount else 0 end),
  sum(amount),
  sum(quantity),
  sum(case when kind = 'write_off' then -quantity else 0 end),
  count(distinct invoice_no),
  count(distinct customer_id),
  count(*),
  sum(case when customer_id is null then 1 else 0 end),
  sum(case when customer_id is null then amount else 0 end)
from sales.fact_invoice_lines
where invoice_date in (select invoice_date from touched_days)
group by invoice_date
