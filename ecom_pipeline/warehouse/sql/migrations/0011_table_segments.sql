-- When each segment of DynamoDB's table was last compared with what is published, and what was found.
create table sales.table_segments (
  segment integer not null,
  segments integer not null,
  scanned_at timestamp not null,
  items bigint not null,
  differences bigint not null
) diststyle all;
