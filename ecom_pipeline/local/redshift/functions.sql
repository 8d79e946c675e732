-- Redshift's functions, by name, where PostgreSQL has none or another meaning.
-- Idempotent: loaded into every database at each start. System views are in views.sql.
CREATE SCHEMA IF NOT EXISTS redshift;

-- Timestamps: all without a time zone, all UTC.
CREATE OR REPLACE FUNCTION pg_catalog.getdate() RETURNS timestamp LANGUAGE sql STABLE
  AS $$ SELECT date_trunc('second', statement_timestamp() AT TIME ZONE 'UTC') $$;
CREATE OR REPLACE FUNCTION pg_catalog.sysdate() RETURNS timestamp LANGUAGE sql STABLE
  AS $$ SELECT transaction_timestamp() AT TIME ZONE 'UTC' $$;
CREATE OR REPLACE FUNCTION pg_catalog.redshift_version() RETURNS text LANGUAGE sql IMMUTABLE
  AS $$ SELECT 'PostgreSQL 8.0.2 on i686-pc-linux-gnu, compiled by GCC, Redshift 1.0 (local)' $$;

-- Names of date parts.
CREATE OR REPLACE FUNCTION redshift.unit(name text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE
    WHEN name IN ('y', 'yr', 'yrs', 'years') THEN 'year'
    WHEN name IN ('qtr', 'qtrs', 'quarters') THEN 'quarter'
    WHEN name IN ('mon', 'mons', 'months') THEN 'month'
    WHEN name IN ('w', 'weeks') THEN 'week'
    WHEN name IN ('d', 'days') THEN 'day'
    WHEN name IN ('h', 'hr', 'hrs', 'hours') THEN 'hour'
    WHEN name IN ('m', 'min', 'mins', 'minutes') THEN 'minute'
    WHEN name IN ('s', 'sec', 'secs', 'seconds') THEN 'second'
    WHEN name IN ('ms', 'msec', 'msecs', 'milliseconds') THEN 'millisecond'
    ELSE name END $$;

CREATE OR REPLACE FUNCTION pg_catalog.dateadd(part text, n bigint, t timestamp) RETURNS timestamp
  LANGUAGE sql IMMUTABLE AS $$
  SELECT t + CASE redshift.unit(part)
    WHEN 'quarter' THEN n * interval '3 months'
    ELSE n * ('1 ' || redshift.unit(part))::interval END $$;

-- DATEDIFF counts the boundaries crossed, not the time elapsed; a week begins on Sunday.
CREATE OR REPLACE FUNCTION pg_catalog.datediff(part text, a timestamp, b timestamp) RETURNS bigint
  LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE redshift.unit(part)
    WHEN 'year' THEN (extract(year FROM b) - extract(year FROM a))::bigint
    WHEN 'quarter' THEN ((extract(year FROM b) - extract(year FROM a)) * 4
                         + extract(quarter FROM b) - extract(quarter FROM a))::bigint
    WHEN 'month' THEN ((extract(year FROM b) - extract(year FROM a)) * 12
                       + extract(month FROM b) - extract(month FROM a))::bigint
    WHEN 'week' THEN ((b::date - extract(dow FROM b)::int)
                      - (a::date - extract(dow FROM a)::int))::bigint / 7
    WHEN 'day' THEN (b::date - a::date)::bigint
    ELSE (extract(epoch FROM date_trunc(redshift.unit(part), b)
                           - date_trunc(redshift.unit(part), a))
          / extract(epoch FROM ('1 ' || redshift.unit(part))::interval))::bigint END $$;

CREATE OR REPLACE FUNCTION pg_catalog.date_trunc(part text, d date) RETURNS timestamp
  LANGUAGE sql IMMUTABLE AS $$ SELECT date_trunc(part, d::timestamp) $$;
CREATE OR REPLACE FUNCTION pg_catalog.trunc(t timestamp) RETURNS date
  LANGUAGE sql IMMUTABLE AS $$ SELECT t::date $$;
CREATE OR REPLACE FUNCTION pg_catalog.last_day(t timestamp) RETURNS date
  LANGUAGE sql IMMUTABLE AS $$ SELECT (date_trunc('month', t) + interval '1 month - 1 day')::date $$;
-- The last day of a month stays the last day.
CREATE OR REPLACE FUNCTION pg_catalog.add_months(t timestamp, n bigint) RETURNS timestamp
  LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN t::date = last_day(t)
    THEN last_day(date_trunc('month', t) + n * interval '1 month') + (t - date_trunc('day', t))
    ELSE t + n * interval '1 month' END $$;
CREATE OR REPLACE FUNCTION pg_catalog.months_between(a timestamp, b timestamp) RETURNS float8
  LANGUAGE sql IMMUTABLE AS $$
  SELECT datediff('month', b, a) + CASE
    WHEN extract(day FROM a) = extract(day FROM b) THEN 0
    WHEN a::date = last_day(a) AND b::date = last_day(b) THEN 0
    ELSE (extract(day FROM a) - extract(day FROM b))::float8 / 31 END $$;
CREATE OR REPLACE FUNCTION pg_catalog.convert_timezone(source text, target text, t timestamp)
  RETURNS timestamp LANGUAGE sql STABLE AS $$ SELECT t AT TIME ZONE source AT TIME ZONE target $$;
CREATE OR REPLACE FUNCTION pg_catalog.convert_timezone(target text, t timestamp)
  RETURNS timestamp LANGUAGE sql STABLE AS $$ SELECT t AT TIME ZONE 'UTC' AT TIME ZONE target $$;

-- NULLs and text.
CREATE OR REPLACE FUNCTION pg_catalog.isnull(a anycompatible, b anycompatible)
  RETURNS anycompatible LANGUAGE sql IMMUTABLE AS $$ SELECT coalesce(a, b) $$;
CREATE OR REPLACE FUNCTION pg_catalog.nvl2(a anyelement, b anycompatible, c anycompatible)
  RETURNS anycompatible LANGUAGE sql IMMUTABLE
  AS $$ SELECT CASE WHEN a IS NOT NULL THEN b ELSE c END $$;
CREATE OR REPLACE FUNCTION pg_catalog.nvl2(a text, b anycompatible, c anycompatible)
  RETURNS anycompatible LANGUAGE sql IMMUTABLE
  AS $$ SELECT CASE WHEN a IS NOT NULL THEN b ELSE c END $$;
CREATE OR REPLACE FUNCTION pg_catalog.len(s text) RETURNS int LANGUAGE sql IMMUTABLE
  AS $$ SELECT char_length(s) $$;
CREATE OR REPLACE FUNCTION pg_catalog.charindex(part text, whole text) RETURNS int
  LANGUAGE sql IMMUTABLE AS $$ SELECT strpos(whole, part) $$;
-- REGEXP_REPLACE replaces every occurrence; PostgreSQL's own, which replaces the first, is renamed.
DO $$ BEGIN
  ALTER FUNCTION pg_catalog.regexp_replace(text, text, text) RENAME TO postgres_regexp_replace;
EXCEPTION WHEN duplicate_function THEN NULL;
END $$;
CREATE OR REPLACE FUNCTION pg_catalog.regexp_replace(s text, pattern text) RETURNS text
  LANGUAGE sql IMMUTABLE AS $$ SELECT regexp_replace(s, pattern, '', 'g') $$;
CREATE OR REPLACE FUNCTION pg_catalog.regexp_replace(s text, pattern text, new text) RETURNS text
  LANGUAGE sql IMMUTABLE AS $$ SELECT regexp_replace(s, pattern, new, 'g') $$;
CREATE OR REPLACE FUNCTION pg_catalog.json_extract_path_text(j text, VARIADIC path text[])
  RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT coalesce(j::jsonb #>> path, '') $$;
CREATE OR REPLACE FUNCTION pg_catalog.round(x float8, digits int) RETURNS float8
  LANGUAGE sql IMMUTABLE AS $$ SELECT round(x::numeric, digits)::float8 $$;

-- STRTOL is called for each row of whole tables: base 16 up to 15 digits must not be a loop.
CREATE OR REPLACE FUNCTION pg_catalog.strtol(s text, base int) RETURNS bigint
  LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE
  total numeric := 0;
  digit int;
BEGIN
  IF base = 16 AND length(s) BETWEEN 1 AND 15 AND left(s, 1) <> '-' THEN
    RETURN ('x' || lpad(s, 16, '0'))::bit(64)::bigint;
  END IF;
  FOR place IN 1 .. length(s) LOOP
    CONTINUE WHEN place = 1 AND left(s, 1) = '-';
    digit := strpos('0123456789abcdefghijklmnopqrstuvwxyz', lower(substr(s, place, 1))) - 1;
    IF digit < 0 OR digit >= base THEN
      RAISE EXCEPTION 'The input is not valid to be converted to base %', base USING ERRCODE = '22P02';
    END IF;
    total := total * base + digit;
  END LOOP;
  RETURN CASE WHEN left(s, 1) = '-' THEN -total ELSE total END;
END $$;

-- Aggregates. AVG of integers is a BIGINT, so PostgreSQL's own is renamed.
CREATE OR REPLACE FUNCTION redshift.avg_of(bigint[]) RETURNS bigint LANGUAGE sql IMMUTABLE
  AS $$ SELECT CASE WHEN $1[1] > 0 THEN $1[2] / $1[1] END $$;
CREATE OR REPLACE FUNCTION redshift.avg_add(numeric[], bigint) RETURNS numeric[]
  LANGUAGE sql IMMUTABLE
  AS $$ SELECT CASE WHEN $2 IS NULL THEN $1 ELSE ARRAY[$1[1] + 1, $1[2] + $2] END $$;
CREATE OR REPLACE FUNCTION redshift.avg_of(numeric[]) RETURNS bigint LANGUAGE sql IMMUTABLE
  AS $$ SELECT CASE WHEN $1[1] > 0 THEN trunc($1[2] / $1[1])::bigint END $$;
-- MEDIAN: exact numbers stay exact.
CREATE OR REPLACE FUNCTION redshift.median_of(numeric[]) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$
  SELECT avg(x) FROM (SELECT x, row_number() OVER (ORDER BY x) AS place, count(*) OVER () AS n
                      FROM unnest($1) AS x WHERE x IS NOT NULL) AS sorted
  WHERE place IN ((n + 1) / 2, (n + 2) / 2) $$;
CREATE OR REPLACE FUNCTION redshift.median_of(float8[]) RETURNS float8 LANGUAGE sql IMMUTABLE
  AS $$ SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY x) FROM unnest($1) AS x $$;
CREATE OR REPLACE FUNCTION redshift.median_add(numeric[], bigint) RETURNS numeric[]
  LANGUAGE sql IMMUTABLE AS $$ SELECT array_append($1, $2::numeric) $$;
CREATE OR REPLACE FUNCTION redshift.median_add(numeric[], int) RETURNS numeric[]
  LANGUAGE sql IMMUTABLE AS $$ SELECT array_append($1, $2::numeric) $$;
DO $$ BEGIN
  IF EXISTS (SELECT FROM pg_proc WHERE proname = 'listagg') THEN
    RETURN;
  END IF;
  ALTER AGGREGATE pg_catalog.avg(smallint) RENAME TO postgres_avg;
  ALTER AGGREGATE pg_catalog.avg(int) RENAME TO postgres_avg;
  ALTER AGGREGATE pg_catalog.avg(bigint) RENAME TO postgres_avg;
  CREATE AGGREGATE pg_catalog.avg(smallint)
    (SFUNC = int2_avg_accum, STYPE = bigint[], INITCOND = '{0,0}', FINALFUNC = redshift.avg_of);
  CREATE AGGREGATE pg_catalog.avg(int)
    (SFUNC = int4_avg_accum, STYPE = bigint[], INITCOND = '{0,0}', FINALFUNC = redshift.avg_of);
  CREATE AGGREGATE pg_catalog.avg(bigint)
    (SFUNC = redshift.avg_add, STYPE = numeric[], INITCOND = '{0,0}', FINALFUNC = redshift.avg_of);
  CREATE AGGREGATE pg_catalog.median(numeric)
    (SFUNC = array_append, STYPE = numeric[], INITCOND = '{}', FINALFUNC = redshift.median_of);
  CREATE AGGREGATE pg_catalog.median(float8)
    (SFUNC = array_append, STYPE = float8[], INITCOND = '{}', FINALFUNC = redshift.median_of);
  CREATE AGGREGATE pg_catalog.median(bigint)
    (SFUNC = redshift.median_add, STYPE = numeric[], INITCOND = '{}',
     FINALFUNC = redshift.median_of);
  CREATE AGGREGATE pg_catalog.median(int)
    (SFUNC = redshift.median_add, STYPE = numeric[], INITCOND = '{}',
     FINALFUNC = redshift.median_of);
  CREATE AGGREGATE pg_catalog.listagg(text, text)
    (SFUNC = string_agg_transfn, STYPE = internal, FINALFUNC = string_agg_finalfn);
END $$;

-- Set by COPY in its session (see load.py).
CREATE OR REPLACE FUNCTION pg_catalog.pg_last_copy_count() RETURNS bigint LANGUAGE sql STABLE
  AS $$ SELECT coalesce(nullif(current_setting('redshift.last_copy_count', true), ''), '0')::bigint $$;
CREATE OR REPLACE FUNCTION pg_catalog.pg_last_copy_id() RETURNS bigint LANGUAGE sql STABLE
  AS $$ SELECT coalesce(nullif(current_setting('redshift.last_copy_id', true), ''), '-1')::bigint $$;
