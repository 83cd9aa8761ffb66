-- SPDX-License-Identifier: EUPL-1.2
-- What readers looked for in vain: counts of words and things, which each daemon gathers in memory and hands over from time to time.

-- [{"what","key","language","count"}], each once; what no longer is content is left out.
CREATE OR REPLACE FUNCTION count_demand(counts jsonb) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
  INSERT INTO demand AS d (day, what, key, language, count)
  SELECT (clock() AT TIME ZONE 'Europe/Berlin')::date, c.what, c.key, c.language, c.count
    FROM jsonb_to_recordset(counts) AS c(what text, key text, language text, count integer)
   WHERE c.what = 'search' OR EXISTS (SELECT FROM content x WHERE x.id::text = c.key)
   ORDER BY c.what, c.key, c.language -- several daemons lock in one order
      ON CONFLICT (day, what, key, language) DO UPDATE SET count = d.count + EXCLUDED.count
$$;

CREATE OR REPLACE FUNCTION clean_demand() RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  cleaned integer;
BEGIN
  DELETE FROM demand d WHERE d.day IN (SELECT x.day FROM due_demand x);
  GET DIAGNOSTICS cleaned = ROW_COUNT;
  RETURN cleaned;
END
$$;
