-- Who published a version, in which of Dagster's runs, at whose request, and the plan that somebody
-- approved; null for the versions before this.
alter table sales.load_ledger add column published_by varchar(1024);
alter table sales.load_ledger add column run_id varchar(64);
alter table sales.load_ledger add column requested_by varchar(1024);
alter table sales.load_ledger add column approved_plan varchar(12);

drop view sales.restatements;

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
  amount - amount_before as amount_delta,
  published_by,
  run_id,
  requested_by,
  approved_plan
from sales.load_ledger
where version > 1;

-- One row a repair: what a person or a program put right from the raw lake.
create table sales.repairs (
  repaired_at timestamp not null default getdate(),
  items bigint not null,
  days_rebuilt bigint not null,
  days_lost bigint not null,
  repaired_by varchar(1024) not null
) diststyle all sortkey (repaired_at);
