-- Each cancelled line and its most likely sale line; the shop's events have no such reference.
-- A match has the same customer, stock code and price, is not later than the cancellation, and
-- sold at least as many pieces. A sale of exactly as many pieces is preferred, then the latest. The
-- cancellations matched to a sale never exceed its pieces; later ones stay unmatched. The key of a
-- line is its day and its event id; the load asserts that it is unique.
-- The query API has another rule, without the price: realtime/returns.py.
with returned as (
  select event_id, invoice_no, invoice_date, invoice_time, customer_id, stock_code, unit_price,
    -quantity as pieces, amount
  from sales.fact_invoice_lines
  where kind = 'cancellation' and (
    customer_id in (select customer_id from touched_customers)
    or (customer_id is null and invoice_date in (select invoice_date from touched_days)))
),
sold as (
  select event_id, customer_id, stock_code, invoice_date, invoice_time, unit_price, quantity
  from sales.fact_invoice_lines
  where kind = 'sale' and unit_price > 0
    and customer_id in (select customer_id from touched_customers)
),
candidates as (
  select
    r.event_id,
    r.invoice_date,
    r.invoice_time,
    r.pieces,
    s.event_id as sale_event_id,
    s.invoice_date as sale_date,
    s.quantity as sold_pieces,
    case
      when s.unit_price <> r.unit_price or s.quantity < r.pieces then 2
      when s.quantity > r.pieces then 1
      else 0
    end as fit,
    sum(case when s.unit_price = r.unit_price then s.quantity else 0 end)
      over (partition by r.invoice_date, r.event_id) as at_the_price,
    sum(s.quantity) over (partition by r.invoice_date, r.event_id) as at_any_price,
    row_number() over (
      partition by r.invoice_date, r.event_id
      order by
        case
          when s.unit_price <> r.unit_price or s.quantity < r.pieces then 2
          when s.quantity > r.pieces then 1
          else 0
        end,
        s.invoice_time desc,
        s.event_id
    ) as choice
  from returned r
  join sold s on s.customer_id = r.customer_id and s.stock_code = r.stock_code
    and s.invoice_time <= r.invoice_time
),
chosen as (
  select
    event_id, invoice_date, sale_event_id, sale_date, sold_pieces, fit, at_the_price, at_any_price,
    sum(case when fit < 2 then pieces else 0 end) over (
      partition by sale_date, sale_event_id order by fit, invoice_time, event_id
      rows between unbounded preceding and current row
    ) as taken
  from candidates
  where choice = 1
),
matched as (
  select
    r.event_id, r.invoice_no, r.invoice_date, r.customer_id, r.stock_code, r.pieces, r.amount,
    c.sale_event_id, c.sale_date,
    case
      when r.stock_code !~ '^[0-9]{5}' then 'service'
      when r.customer_id is null then 'guest'
      when c.event_id is null then 'no_sale'
      when c.fit = 0 and c.taken <= c.sold_pieces then 'whole_line'
      when c.fit = 1 and c.taken <= c.sold_pieces then 'part_of_line'
      when c.at_the_price >= r.pieces then 'several_lines'
      when c.at_any_price >= r.pieces then 'other_price'
      else 'too_many'
    end as match
  from returned r left join chosen c
    on c.event_id = r.event_id and c.invoice_date = r.invoice_date
)
select
  event_id,
  invoice_no,
  invoice_date,
  customer_id,
  stock_code,
  pieces,
  amount,
  match,
  case
    when match = 'whole_line' then 'high'
    when match = 'part_of_line' then 'medium'
    when match in ('several_lines', 'other_price', 'too_many') then 'low'
    else 'none'
  end,
  case when match in ('whole_line', 'part_of_line') then sale_event_id end,
  case when match in ('whole_line', 'part_of_line') then sale_date end
from matched
