-- SPDX-License-Identifier: EUPL-1.2
-- What changed for readers: each text's row moves to the transaction that last touched it. Public, no row-level security.

-- migrate:up
SET LOCAL search_path = welcome, pg_temp;

-- No foreign key: a row outlives its thing, so that clients learn that it is gone. scopes: every city ('*': all) that ever got it, so
-- that a thing is taken back where it was. turns_at: when readers get it, or no longer do, without anybody changing it.
CREATE TABLE change (
  content  uuid NOT NULL,
  language text NOT NULL,
  kind     text NOT NULL,
  scopes   text[] NOT NULL,
  xid      xid8 NOT NULL,
  at       timestamptz NOT NULL,
  turns_at timestamptz,
  PRIMARY KEY (content, language)
);
CREATE INDEX change_order ON change (xid, content, language);
CREATE INDEX change_turn ON change (turns_at) WHERE turns_at IS NOT NULL;
CREATE INDEX translation_embeds ON translation USING gin (embeds) WHERE embeds <> '{}';

INSERT INTO change (content, language, kind, scopes, xid, at)
SELECT t.content, t.language, c.kind, ARRAY[c.desk], pg_current_xact_id(), t.published_at
  FROM translation t
  JOIN content c ON c.id = t.content;

GRANT SELECT ON change TO welcome, welcome_worker;
RESET search_path;

-- migrate:down
