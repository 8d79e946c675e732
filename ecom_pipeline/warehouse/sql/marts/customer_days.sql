select
  invoice_date,
  customer_id,
  country,
  count(distinct case when kind = 'sale' then invoice_no end),
  sum(case when kind = 'sale' then amount else 0 end),
  sum(case when kind = 'cancellation' then amount else 0 end),
  sum(amount),
  count(*)
from sales.fact_invoice_lines
where invoice_date in (select invoice_date from touched_days) and customer_id is not null
group by invoice_date, customer_id, country
