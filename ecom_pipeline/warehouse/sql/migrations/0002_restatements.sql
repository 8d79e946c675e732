-- What a version of a day changed, by event id; 0 for the days that were published before this.
alter table sales.load_ledger add column rows_added bigint not null default 0;
alter table sales.load_ledger add column rows_removed bigint not null default 0;
alter table sales.load_ledger add column rows_changed bigint not null default 0;

-- Why a day that was published once is different now.
create view sales.restatements as
select
  invoice_date,
  version,
  cause,
  published_at,
  rows_before,
  row_count as rows_after,
  rows_added,
  rows_removed,
  rows_changed,
  amount_before,
  amount as amount_after,
  amount - amount_before as amount_delta
from sales.load_ledger
where version > 1;
