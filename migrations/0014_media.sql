-- SPDX-License-Identifier: EUPL-1.2
-- Editors bring media and describe them; what shows a thing is found by the thing.

-- migrate:up
SET LOCAL search_path = welcome, pg_temp;

CREATE INDEX content_thumbnail ON content (thumbnail) WHERE thumbnail IS NOT NULL;

-- hash, type and bytes belong together for good: nobody changes them
GRANT INSERT (hash, type, bytes, width, height, desk), UPDATE (alternative_texts, credit), DELETE ON media TO welcome;
RESET search_path;

-- migrate:down
