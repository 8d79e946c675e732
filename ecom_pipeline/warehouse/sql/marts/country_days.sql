select
  invoice_date,
  country,
  count(distinct invoice_no),
  sum(case when kind = 'sale' then amount else 0 end),
  sum(case when kind = 'cancellation' then amount else 0 end),
  sum(amount),
  count(*)
from sales.fact_invoice_lines
where invoice_date in (select invoice_date from touched_days)
group by invoice_date, country
