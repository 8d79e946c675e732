-- Redshift's system views that the product, the driver and BI tools query; no others.
-- Idempotent: loaded into every database at each start, after functions.sql.

ALTER DEFAULT PRIVILEGES IN SCHEMA pg_catalog GRANT SELECT ON TABLES TO public;

-- Attributes of a table that only Redshift has, from the comment that tables.py adds.
CREATE TABLE IF NOT EXISTS redshift.table_facts (relid oid PRIMARY KEY, facts jsonb NOT NULL);
CREATE OR REPLACE FUNCTION redshift.keep_facts() RETURNS event_trigger LANGUAGE plpgsql
  SECURITY DEFINER AS $$
DECLARE
  remark text := substring(current_query() FROM '/\*redshift:(.*)\*/\s*$');
  made record;
BEGIN
  IF remark IS NULL THEN
    RETURN;
  END IF;
  FOR made IN SELECT * FROM pg_event_trigger_ddl_commands()
              WHERE object_type IN ('table', 'materialized view') LOOP
    INSERT INTO redshift.table_facts VALUES (made.objid, remark::jsonb)
      ON CONFLICT (relid) DO UPDATE SET facts = excluded.facts;
  END LOOP;
END $$;
DROP EVENT TRIGGER IF EXISTS redshift_facts;
CREATE EVENT TRIGGER redshift_facts ON ddl_command_end
  WHEN TAG IN ('CREATE TABLE', 'CREATE TABLE AS', 'CREATE MATERIALIZED VIEW')
  EXECUTE FUNCTION redshift.keep_facts();

-- Loads and their errors: written by the proxy on a second connection, so a rollback keeps them.
CREATE SEQUENCE IF NOT EXISTS redshift.query_id START 1000;
CREATE TABLE IF NOT EXISTS redshift.loads (
  query_id bigint, table_name text, data_source text, status text, loaded_rows bigint,
  source_file_count int, source_file_bytes bigint, start_time timestamp, end_time timestamp,
  error_message text);
CREATE TABLE IF NOT EXISTS redshift.load_errors (
  query_id bigint, table_id oid, session_id int, start_time timestamp, file_name text,
  line_number bigint, column_name text, column_type text, error_code int, error_message text);

CREATE OR REPLACE VIEW pg_catalog.sys_load_history AS
  SELECT 100 AS user_id, query_id, status, current_database()::text AS database_name, table_name,
    start_time, end_time, data_source, 'csv'::text AS file_format, loaded_rows, source_file_count,
    source_file_bytes, CASE status WHEN 'aborted' THEN 1 ELSE 0 END AS error_count, error_message
  FROM redshift.loads;
CREATE OR REPLACE VIEW pg_catalog.sys_load_error_detail AS
  SELECT 100 AS user_id, query_id, session_id, 0::bigint AS transaction_id,
    current_database()::text AS database_name, table_id, start_time, file_name, line_number,
    column_name, column_type, NULL::text AS column_length, 0 AS position, error_code, error_message
  FROM redshift.load_errors;
CREATE OR REPLACE VIEW pg_catalog.stl_load_errors AS
  SELECT 100 AS userid, 0 AS slice, table_id AS tbl, start_time AS starttime, session_id AS session,
    query_id AS query, file_name AS filename, line_number, column_name AS colname,
    column_type AS type, NULL::text AS col_length, 0 AS position, ''::text AS raw_line,
    ''::text AS raw_field_value, error_code AS err_code, error_message AS err_reason
  FROM redshift.load_errors;

-- Locks, and what each open session runs. A query group is kept as the application's name.
CREATE OR REPLACE VIEW pg_catalog.svv_transactions AS
  SELECT a.usename::text AS txn_owner, a.datname::text AS txn_db, a.backend_xid::text::bigint AS xid,
    l.pid, a.xact_start AT TIME ZONE 'UTC' AS txn_start, l.mode AS lock_mode,
    l.locktype AS lockable_object_type, l.relation, l.granted
  FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
  WHERE l.locktype IN ('relation', 'transactionid') AND a.datname = current_database();
CREATE OR REPLACE VIEW pg_catalog.sys_query_history AS
  SELECT 100 AS user_id, query_id, application_name AS query_label, pid AS session_id,
    datname::text AS database_name,
    CASE state WHEN 'active' THEN 'running' ELSE 'success' END AS status,
    query_start AT TIME ZONE 'UTC' AS start_time,
    CASE state WHEN 'active' THEN NULL ELSE state_change AT TIME ZONE 'UTC' END AS end_time,
    query AS query_text
  FROM pg_stat_activity
  WHERE backend_type = 'client backend' AND query <> '' AND datname = current_database();

-- Tables and columns.
CREATE OR REPLACE VIEW pg_catalog.svv_tables AS
  SELECT table_catalog::text, table_schema::text, table_name::text, table_type::text,
    NULL::text AS remarks
  FROM information_schema.tables WHERE table_schema <> 'redshift';
CREATE OR REPLACE VIEW pg_catalog.svv_all_tables AS
  SELECT table_catalog AS database_name, table_schema AS schema_name, table_name, table_type, remarks
  FROM pg_catalog.svv_tables;
CREATE OR REPLACE VIEW pg_catalog.svv_redshift_tables AS SELECT * FROM pg_catalog.svv_all_tables;
CREATE OR REPLACE VIEW pg_catalog.svv_columns AS
  SELECT table_catalog::text, table_schema::text, table_name::text, column_name::text,
    ordinal_position::int, column_default::text, is_nullable::text, data_type::text,
    character_maximum_length::int, numeric_precision::int, numeric_precision_radix::int,
    numeric_scale::int, datetime_precision::int, NULL::text AS remarks
  FROM information_schema.columns WHERE table_schema <> 'redshift';
CREATE OR REPLACE VIEW pg_catalog.svv_all_columns AS
  SELECT table_catalog AS database_name, table_schema AS schema_name, table_name, column_name,
    ordinal_position, column_default, is_nullable, data_type, character_maximum_length,
    numeric_precision, numeric_scale, remarks
  FROM pg_catalog.svv_columns;
CREATE OR REPLACE VIEW pg_catalog.svv_redshift_columns AS SELECT * FROM pg_catalog.svv_all_columns;
CREATE OR REPLACE VIEW pg_catalog.svv_all_schemas AS
  SELECT current_database()::text AS database_name, nspname::text AS schema_name,
    nspowner::int AS schema_owner, 'local'::text AS schema_type, NULL::text AS schema_acl,
    NULL::text AS source_database, NULL::text AS schema_option
  FROM pg_namespace WHERE nspname <> 'redshift';

CREATE OR REPLACE VIEW pg_catalog.svv_table_info AS
  SELECT current_database()::text AS "database", n.nspname::text AS "schema", c.oid AS table_id,
    c.relname::text AS "table", 'Y, AUTO(ENCODE)'::text AS encoded,
    coalesce('KEY(' || (f.facts ->> 'distkey') || ')', nullif(f.facts ->> 'diststyle', 'AUTO'),
             'AUTO(ALL)') AS diststyle,
    coalesce(f.facts -> 'sortkey' ->> 0, 'AUTO(SORTKEY)') AS sortkey1,
    coalesce(jsonb_array_length(f.facts -> 'sortkey'), 0) AS sortkey_num,
    greatest(1, pg_total_relation_size(c.oid) / 1048576) AS size,
    greatest(c.reltuples, 0)::numeric(38, 0) AS tbl_rows,
    greatest(c.reltuples, 0)::numeric(38, 0) AS estimated_visible_rows,
    0::numeric AS unsorted, 0::numeric AS stats_off, 1::numeric AS skew_rows
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN redshift.table_facts f ON f.relid = c.oid
  WHERE c.relkind IN ('r', 'm') AND n.nspname NOT IN ('information_schema', 'redshift')
    AND n.nspname NOT LIKE 'pg\_%';
CREATE OR REPLACE VIEW pg_catalog.pg_table_def AS
  SELECT n.nspname::text AS schemaname, c.relname::text AS tablename, a.attname::text AS "column",
    format_type(a.atttypid, a.atttypmod) AS type,
    coalesce(f.facts -> 'encode' ->> a.attname, 'none') AS encoding,
    coalesce(f.facts ->> 'distkey' = a.attname, false) AS distkey,
    coalesce((SELECT place::int FROM jsonb_array_elements_text(f.facts -> 'sortkey')
              WITH ORDINALITY AS s(name, place) WHERE name = a.attname), 0) AS sortkey,
    a.attnotnull AS "notnull"
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN redshift.table_facts f ON f.relid = c.oid
  WHERE c.relkind = 'r' AND n.nspname = ANY (current_schemas(false));
CREATE OR REPLACE FUNCTION redshift.show_table(name regclass) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT 'CREATE TABLE ' || name::text || E' (\n'
    || string_agg('    ' || attname || ' ' || format_type(atttypid, atttypmod)
                  || CASE WHEN attnotnull THEN ' NOT NULL' ELSE '' END
                  || coalesce(' ENCODE ' || (f.facts -> 'encode' ->> attname), ''),
                  E',\n' ORDER BY attnum) || E'\n)'
    || coalesce(max(E'\nDISTSTYLE ' || (f.facts ->> 'diststyle')), '')
    || coalesce(max(E'\nDISTKEY ( ' || (f.facts ->> 'distkey') || ' )'), '')
    || coalesce(max(E'\nSORTKEY ( ' || (SELECT string_agg(key, ', ')
         FROM jsonb_array_elements_text(f.facts -> 'sortkey') AS key) || ' )'), '') || ';'
  FROM pg_attribute LEFT JOIN redshift.table_facts f ON f.relid = attrelid
  WHERE attrelid = name AND attnum > 0 AND NOT attisdropped $$;

-- The driver's get_tables() and get_columns() query external tables and late-binding views.
CREATE OR REPLACE VIEW pg_catalog.svv_external_schemas AS
  SELECT 0::oid AS esoid, 0::smallint AS eskind, ''::text AS schemaname, 0 AS esowner,
    ''::text AS databasename, ''::text AS esoptions WHERE false;
CREATE OR REPLACE VIEW pg_catalog.svv_external_tables AS
  SELECT ''::text AS redshift_database_name, ''::text AS schemaname, ''::text AS tablename,
    ''::text AS tabletype, ''::text AS location, ''::text AS parameters WHERE false;
CREATE OR REPLACE VIEW pg_catalog.svv_external_columns AS
  SELECT ''::text AS redshift_database_name, ''::text AS schemaname, ''::text AS tablename,
    ''::text AS columnname, ''::text AS external_type, 0 AS columnnum, 0 AS part_key,
    ''::text AS is_nullable WHERE false;
CREATE OR REPLACE FUNCTION pg_catalog.pg_get_late_binding_view_cols() RETURNS SETOF record
  LANGUAGE sql STABLE AS $$ SELECT ''::name, ''::name, ''::name, ''::varchar, 0 WHERE false $$;

GRANT USAGE ON SCHEMA redshift TO public;
GRANT SELECT ON ALL TABLES IN SCHEMA redshift TO public;
GRANT USAGE ON SEQUENCE redshift.query_id TO public;
