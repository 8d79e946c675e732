-- The grain is now a cancelled line and a sale line. Existing rows are by the previous rule, so the
-- next refresh rebuilds the marts of all days.
alter table marts.returns add column sale_invoice_no varchar(20);

delete from marts.builds;
