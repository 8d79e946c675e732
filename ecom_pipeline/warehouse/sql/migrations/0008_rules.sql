-- The rules (lake/rules.py) by which a day's CSV was built when it was last loaded: days of older
-- rules stay as they are until somebody loads them again.
create table sales.csv_rules (
  invoice_date date not null,
  rules integer not null
) diststyle all sortkey (invoice_date);

insert into sales.csv_rules select distinct invoice_date, 1 from sales.load_ledger;

-- The SQL that the marts of a day were built by; null for the builds before this.
alter table marts.builds add column definition varchar(64);
