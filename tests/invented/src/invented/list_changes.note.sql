-- A "quoted" text, or nothing to say.
SELECT 'kind "' || :kind || '"';
