-- The fact table, the ledger of what was published, and what keeps two loads apart.
create schema if not exists sales;

-- Sorted by day: loads replace days, and analysts ask for ranges of them. Distribution is left to
-- Redshift (AUTO): 542,000 rows belong on every node, and it changes its mind when they grow.
create table sales.fact_invoice_lines (
  {fact_columns}
) diststyle auto compound sortkey (invoice_date, invoice_no);

-- One row per published day and version: the newest row of a day says what the fact table holds.
create table sales.load_ledger (
  invoice_date date not null,
  version integer not null,
  generation bigint not null,
  cause varchar(20) not null,
  row_count bigint not null,
  quantity bigint not null,
  amount decimal(22,4) not null,
  digest decimal(38,0) not null,
  rows_before bigint not null,
  amount_before decimal(22,4) not null,
  published_at timestamp not null default getdate()
) diststyle all sortkey (invoice_date, version);

-- The newest claim on a day: a load may publish only while its generation is still this one.
create table sales.load_fence (
  invoice_date date not null,
  generation bigint not null
) diststyle all;

-- What a load locks before its first other statement (then its snapshot is newer than the lock);
-- a table of its own, so that readers of the fact table never wait.
create table sales.load_lock (held boolean not null) diststyle all;

create view sales.daily_sales as
select
  invoice_date,
  sum(case when kind = 'sale' then amount else 0 end) as gross,
  sum(case when kind <> 'sale' then amount else 0 end) as returned,
  sum(amount) as net,
  sum(quantity) as pieces,
  count(distinct invoice_no) as invoices,
  count(distinct customer_id) as customers,
  count(*) as lines
from sales.fact_invoice_lines
group by invoice_date;
