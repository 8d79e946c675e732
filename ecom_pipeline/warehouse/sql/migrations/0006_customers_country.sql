-- Where a customer is: the newest country, as 8 of the data set's customers have two. A view with
-- another column is another view, so the one that reads it is made again as it was.
drop view marts.cohorts;

drop view marts.customers;

create view marts.customers as
select
  customer_id,
  min(case when orders > 0 then invoice_date end) as first_order,
  max(case when orders > 0 then invoice_date end) as last_order,
  date_trunc('month', min(case when orders > 0 then invoice_date end))::date as cohort_month,
  datediff(
    day,
    max(case when orders > 0 then invoice_date end),
    (select max(invoice_date) from marts.sale_days)
  ) as recency_days,
  sum(orders) as frequency,
  sum(net) as monetary,
  sum(gross) as gross,
  sum(returned) as returned,
  sum(lines) as lines,
  substring(max(to_char(invoice_date, 'YYYYMMDD') || country), 9) as country
from marts.customer_days
group by customer_id;

create view marts.cohorts as
select
  c.cohort_month,
  datediff(month, c.cohort_month, d.invoice_date) as months_after,
  count(distinct d.customer_id) as customers,
  sum(d.orders) as orders
from marts.customer_days d
join marts.customers c on c.customer_id = d.customer_id
where d.orders > 0
group by 1, 2;
