-- Known customers' cancelled lines by their allocations, which warehouse/returns.py computes by the
-- rule of domain/returns.py, and guests' cancelled lines, which are not matched.
select
  c.event_id,
  c.invoice_no,
  c.invoice_date,
  c.customer_id,
  c.stock_code,
  a.pieces,
  -a.pieces * c.unit_price,
  a.match,
  case
    when s.number is null then 'none'
    when a.match = 'whole_line' then 'high'
    when a.match = 'part_of_line' then 'medium'
    else 'low'
  end,
  s.event_id,
  s.invoice_date,
  s.invoice_no
from allocations a
join returned_lines c on c.number = a.cancelled
left join returned_lines s on s.number = a.sale
union all
select
  event_id,
  invoice_no,
  invoice_date,
  customer_id,
  stock_code,
  -quantity,
  amount,
  'guest',
  'none',
  null::varchar,
  null::date,
  null::varchar
from sales.fact_invoice_lines
where kind = 'cancellation' and customer_id is null
  and invoice_date in (select invoice_date from touched_days)
