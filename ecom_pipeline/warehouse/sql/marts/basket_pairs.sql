-- Pairs of products on one invoice, by month. A basket of more than 60 products is a reseller's
-- restocking: it would add 1,830 pairs or more, so it is excluded from pairs and from the month's
-- baskets. Pairs on fewer than three invoices in a month are noise, and excluded. The data set has
-- four million pairs: each is one number, and sorted, so that counting them needs no large hash
-- table of three texts.
with baskets as (
  select distinct date_trunc('month', invoice_date)::date as month, invoice_no, stock_code
  from sales.fact_invoice_lines
  where kind = 'sale' and stock_code ~ '^[0-9]{5}'
    and invoice_date >= (select min(month) from touched_months)
    and date_trunc('month', invoice_date)::date in (select month from touched_months)
),
invoices as (
  select month, invoice_no, row_number() over (order by month, invoice_no) as basket
  from baskets group by month, invoice_no having count(*) between 2 and 60
),
products as (
  select month, stock_code, row_number() over (order by month, stock_code) as product
  from baskets group by month, stock_code
),
usable as (
  select i.basket, p.product
  from baskets b
  join invoices i on i.month = b.month and i.invoice_no = b.invoice_no
  join products p on p.month = b.month and p.stock_code = b.stock_code
),
counted as (
  select month, count(*) as baskets from invoices group by month
),
pairs as (
  select a.product * 1000000000 + b.product as pair
  from usable a join usable b on b.basket = a.basket and b.product > a.product
  order by pair
),
common as (
  select pair, count(*) as together from pairs group by pair having count(*) >= 3
)
select a.month, a.stock_code, b.stock_code, p.together, c.baskets
from common p
join products a on a.product = p.pair / 1000000000
join products b on b.product = p.pair % 1000000000
join counted c on c.month = a.month
