-- Pairs of products on one invoice, by month. A basket of more than 60 products is a reseller's
-- restocking: it would add 1,830 pairs or more, so it is excluded from pairs and from the month's
-- baskets. Pairs on fewer than three invoices in a month are noise, and excluded.
with baskets as (
  select distinct date_trunc('month', invoice_date)::date as month, invoice_no, stock_code
  from sales.fact_invoice_lines
  where kind = 'sale' and stock_code ~ '^[0-9]{5}'
    and invoice_date >= (select min(month) from touched_months)
    and date_trunc('month', invoice_date)::date in (select month from touched_months)
),
sizes as (
  select month, invoice_no, count(*) as products from baskets group by month, invoice_no
),
usable as (
  select b.month, b.invoice_no, b.stock_code
  from baskets b join sizes s on s.month = b.month and s.invoice_no = b.invoice_no
  where s.products between 2 and 60
),
counted as (
  select month, count(distinct invoice_no) as baskets from usable group by month
)
select a.month, a.stock_code, b.stock_code, count(*), max(c.baskets)
from usable a
join usable b on b.month = a.month and b.invoice_no = a.invoice_no and b.stock_code > a.stock_code
join counted c on c.month = a.month
group by a.month, a.stock_code, b.stock_code
having count(*) >= 3
