-- Texts compare as in Redshift: blanks at the end do not count, and stay where they are.
-- https://docs.aws.amazon.com/redshift/latest/dg/r_Character_types.html
-- PostgreSQL's CHAR compares so, and VARCHAR is stored like it: text (and VARCHAR, which has no
-- operators of its own) takes CHAR's operators, its sort and hash functions, its MIN and MAX. So
-- WHERE, joins, GROUP BY, DISTINCT, ORDER BY, set operations, windows and IN all follow, at the
-- speed of PostgreSQL's own. Names (type name, of the catalog) compare as before. No index of the
-- catalog is over texts with blanks at the end, and clients can't create any index.
-- Idempotent: loaded into every database at each start.
UPDATE pg_operator AS ours SET oprcode = theirs.oprcode FROM pg_operator AS theirs
  WHERE ours.oprname IN ('=', '<>', '<', '<=', '>', '>=') AND ours.oprname = theirs.oprname
    AND ours.oprleft = 'text'::regtype AND ours.oprright = 'text'::regtype
    AND theirs.oprleft = 'bpchar'::regtype AND theirs.oprright = 'bpchar'::regtype;
UPDATE pg_amproc AS ours SET amproc = theirs.amproc
  FROM pg_amproc AS theirs, pg_opfamily AS family, pg_opfamily AS their_family
  WHERE family.oid = ours.amprocfamily AND family.opfname = 'text_ops'
    AND their_family.oid = theirs.amprocfamily AND their_family.opfname = 'bpchar_ops'
    AND family.opfmethod = their_family.opfmethod
    AND ours.amproclefttype = 'text'::regtype AND ours.amprocrighttype = 'text'::regtype
    AND ours.amprocnum = theirs.amprocnum AND ours.amprocnum IN (1, 2);
UPDATE pg_aggregate SET aggtransfn = 'bpchar_larger', aggcombinefn = 'bpchar_larger'
  WHERE aggfnoid = 'max(text)'::regprocedure;
UPDATE pg_aggregate SET aggtransfn = 'bpchar_smaller', aggcombinefn = 'bpchar_smaller'
  WHERE aggfnoid = 'min(text)'::regprocedure;
-- Another PostgreSQL's catalog may differ: what is not as expected must not go unnoticed.
DO $$ BEGIN
  IF 6 <> (SELECT count(*) FROM pg_operator WHERE oprleft = 'text'::regtype
             AND oprcode::text ~ '^bpchar(eq|ne|lt|le|gt|ge)$')
    OR 4 <> (SELECT count(*) FROM pg_amproc WHERE amproclefttype = 'text'::regtype
               AND amproc::text IN ('bpcharcmp', 'bpchar_sortsupport', 'hashbpchar',
                                    'hashbpcharextended')) THEN
    RAISE EXCEPTION 'this PostgreSQL does not compare texts as Redshift does';
  END IF;
END $$;
