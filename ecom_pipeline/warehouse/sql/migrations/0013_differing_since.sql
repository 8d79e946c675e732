-- Since when a day differs without interruption: one cause of an alarm, whatever the comparisons.
alter table sales.reconciliations add column differing_since timestamp;
