-- What analysts read. Tables by day are replaced day by day; the views add them up, so their cost
-- follows days and products, not lines. All sorted by what is filtered on; small enough for ALL.
create schema if not exists marts;

drop view sales.daily_sales;

-- The version of each day that the marts were built from; locked by whoever builds them.
create table marts.builds (
  invoice_date date not null,
  version integer not null
) diststyle all sortkey (invoice_date);

create table marts.sale_days (
  invoice_date date not null,
  gross decimal(22,4) not null,
  returned decimal(22,4) not null,
  adjusted decimal(22,4) not null,
  net decimal(22,4) not null,
  pieces bigint not null,
  pieces_written_off bigint not null,
  invoices bigint not null,
  customers bigint not null,
  lines bigint not null,
  guest_lines bigint not null,
  guest_net decimal(22,4) not null
) diststyle all sortkey (invoice_date);

create table marts.customer_days (
  invoice_date date not null,
  customer_id varchar(20) not null,
  country varchar(64) not null,
  orders bigint not null,
  gross decimal(22,4) not null,
  returned decimal(22,4) not null,
  net decimal(22,4) not null,
  lines bigint not null
) diststyle auto sortkey (invoice_date);

create table marts.product_days (
  invoice_date date not null,
  stock_code varchar(32) not null,
  description varchar(256),
  pieces_sold bigint not null,
  pieces_returned bigint not null,
  pieces_written_off bigint not null,
  gross decimal(22,4) not null,
  returned decimal(22,4) not null,
  net decimal(22,4) not null,
  lines bigint not null
) diststyle auto sortkey (invoice_date);

create table marts.country_days (
  invoice_date date not null,
  country varchar(64) not null,
  invoices bigint not null,
  gross decimal(22,4) not null,
  returned decimal(22,4) not null,
  net decimal(22,4) not null,
  lines bigint not null
) diststyle all sortkey (invoice_date);

create table marts.returns (
  event_id varchar(128) not null,
  invoice_no varchar(20) not null,
  invoice_date date not null,
  customer_id varchar(20),
  stock_code varchar(32) not null,
  pieces bigint not null,
  amount decimal(22,4) not null,
  match varchar(16) not null,
  confidence varchar(8) not null,
  sale_event_id varchar(128),
  sale_date date
) diststyle auto sortkey (invoice_date);

create table marts.basket_pairs (
  month date not null,
  stock_code varchar(32) not null,
  with_stock_code varchar(32) not null,
  baskets bigint not null,
  baskets_of_month bigint not null
) diststyle auto sortkey (month);

create view marts.daily_sales as
select
  d.invoice_date,
  d.gross,
  d.returned,
  d.adjusted,
  d.net,
  d.net - coalesce(r.returned_here, 0) + coalesce(s.returned_later, 0) as net_by_sale_date,
  d.pieces,
  d.pieces_written_off,
  d.invoices,
  d.customers,
  d.lines,
  d.guest_lines,
  d.guest_net
from marts.sale_days d
left join (
  select invoice_date, sum(amount) as returned_here
  from marts.returns where sale_date is not null group by invoice_date
) r on r.invoice_date = d.invoice_date
left join (
  select sale_date, sum(amount) as returned_later
  from marts.returns where sale_date is not null group by sale_date
) s on s.sale_date = d.invoice_date;

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
  sum(lines) as lines
from marts.customer_days
group by customer_id;

create view marts.products as
select
  stock_code,
  substring(max(to_char(invoice_date, 'YYYYMMDD') || description), 9) as description,
  min(case when pieces_sold > 0 then invoice_date end) as first_sold,
  max(case when pieces_sold > 0 then invoice_date end) as last_sold,
  sum(pieces_sold) as pieces_sold,
  sum(pieces_returned) as pieces_returned,
  sum(pieces_written_off) as pieces_written_off,
  sum(gross) as gross,
  sum(returned) as returned,
  sum(net) as net,
  sum(lines) as lines
from marts.product_days
group by stock_code;

create view marts.countries as
select
  d.country,
  coalesce(max(c.customers), 0) as customers,
  sum(d.invoices) as invoices,
  sum(d.gross) as gross,
  sum(d.returned) as returned,
  sum(d.net) as net,
  sum(d.lines) as lines
from marts.country_days d
left join (
  select country, count(distinct customer_id) as customers from marts.customer_days group by country
) c on c.country = d.country
group by d.country;
