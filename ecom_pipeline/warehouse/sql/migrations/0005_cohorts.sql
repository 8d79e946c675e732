-- Who comes back: a cohort is the customers whose first order was in the same month.
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
