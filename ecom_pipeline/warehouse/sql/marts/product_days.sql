-- Only descriptions with a price above 0 are used: lines at price 0 have notes like "damaged".
select
  invoice_date,
  stock_code,
  max(case when unit_price > 0 then description end),
  sum(case when kind = 'sale' then quantity else 0 end),
  sum(case when kind = 'cancellation' then -quantity else 0 end),
  sum(case when kind = 'write_off' then -quantity else 0 end),
  sum(case when kind = 'sale' then amount else 0 end),
  sum(case when kind = 'cancellation' then amount else 0 end),
  sum(amount),
  count(*)
from sales.fact_invoice_lines
where invoice_date in (select invoice_date from touched_days)
group by invoice_date, stock_code
