-- SPDX-License-Identifier: EUPL-1.2
-- This folder is the whole truth about policies and views: what an older version left behind goes first.
-- Functions are replaced, never dropped, so that statements prepared elsewhere keep finding them.
DO $$
DECLARE
  found record;
BEGIN
  FOR found IN SELECT policyname, tablename FROM pg_policies WHERE schemaname = 'welcome' LOOP
    EXECUTE format('DROP POLICY %I ON welcome.%I', found.policyname, found.tablename);
  END LOOP;
  FOR found IN SELECT viewname FROM pg_views WHERE schemaname = 'welcome' LOOP
    EXECUTE format('DROP VIEW IF EXISTS welcome.%I CASCADE', found.viewname);
  END LOOP;
END
$$;
