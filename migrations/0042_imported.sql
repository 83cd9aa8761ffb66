-- SPDX-License-Identifier: EUPL-1.2
-- What the files said when they were last imported, so that files that have not changed take nothing back that editors have.

-- migrate:up
SET LOCAL search_path = welcome, pg_temp;

ALTER TABLE content ADD COLUMN imported jsonb NOT NULL DEFAULT '{}'; -- {"thing", "links", "text <language>": a digest}
SELECT mark('content', 'technical', 'imported');

RESET search_path;

-- migrate:down
ALTER TABLE welcome.content DROP COLUMN imported;
