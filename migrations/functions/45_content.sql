-- SPDX-License-Identifier: EUPL-1.2
-- Texts in several languages: which revision readers get, under which slug, and whether anything above it hides it.

-- Public. A translation is outdated when its source has another revision by now, never by time.
CREATE VIEW published_translation AS
SELECT t.content, t.language, t.slug, t.title, t.summary, t.body_markdown, t.body_html, t.body_text, t.embeds, t.published_at,
       CASE WHEN t.method = 'machine' THEN 'machine'
            WHEN EXISTS (SELECT FROM translation source
                          WHERE source.content = t.content AND source.language = t.source_language AND source.language <> t.language
                            AND source.revision IS DISTINCT FROM t.source_revision) THEN 'outdated'
            ELSE 'current' END AS state,
       jsonb_build_object('method', t.method, 'source_language', t.source_language, 'source_revision', t.source_revision,
                          'reviewed_at', rfc3339(t.reviewed_at)) AS provenance,
       t.legal_basis, t.sources, t.revision
  FROM translation t;

-- An id, which no slug of that form can hide, or a current slug in any language: the city's own before the region's, the reader's
-- languages first. plpgsql keeps its plan, a function in SQL would be planned at each call.
CREATE OR REPLACE FUNCTION content_of(kind text, name text, city text, languages text[]) RETURNS uuid LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (
  SELECT coalesce(own.id, c.id)
    FROM (SELECT s.content, s.language FROM content_slug s WHERE s.slug = lower(name) AND s.current
          UNION ALL
          SELECT x.id, NULL FROM content x WHERE x.id = CASE WHEN name ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN name::uuid END
         ) found
    JOIN content c ON c.id = found.content AND c.kind = content_of.kind AND c.shown
                  AND (c.city IS NULL OR c.city = content_of.city OR found.language IS NULL)
    LEFT JOIN content own ON own.replaces = c.id AND own.city = content_of.city AND own.shown
   ORDER BY found.language IS NOT NULL, c.city IS NULL, array_position(content_of.languages, found.language) NULLS LAST, c.id LIMIT 1);
END
$$;

-- Whether somebody who may reach this content could mean another of its kind by the slug; a city's own may carry the slug of what it
-- replaces. Whoever asks holds the slug until the end of the transaction, so that two cannot take it at once.
CREATE OR REPLACE FUNCTION slug_taken(content uuid, language text, slug text) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('slug ' || slug_taken.language || ' ' || lower(slug_taken.slug), 0));
  RETURN EXISTS (
    SELECT FROM content c
      JOIN content_slug s ON s.slug = lower(slug_taken.slug) AND s.language = slug_taken.language AND s.current AND s.content <> c.id
      JOIN content o ON o.id = s.content AND o.kind = c.kind AND o.archived_at IS NULL
     WHERE c.id = slug_taken.content
       AND (o.city IS NULL OR c.city IS NULL OR o.city = c.city)
       AND o.replaces IS DISTINCT FROM c.id
       AND c.replaces IS DISTINCT FROM o.id);
END
$$;

CREATE OR REPLACE FUNCTION refuse_taken_slugs(content uuid) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  s record;
BEGIN
  FOR s IN SELECT x.language, x.slug FROM content_slug x WHERE x.content = refuse_taken_slugs.content AND x.current ORDER BY 1 LOOP
    IF slug_taken(content, s.language, s.slug) THEN
      PERFORM problem('duplicate', jsonb_build_array(jsonb_build_object('pointer', '/slug', 'code', 'slug_taken', 'limit', s.slug)));
    END IF;
  END LOOP;
END
$$;

-- Everybody may read content, so the wall is here: the daemon writes what belongs to the desks of the editor who asks.
CREATE OR REPLACE FUNCTION refuse_other_desks(desk text) RETURNS void LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF current_user = 'welcome' AND desk <> ALL (my_desks()) THEN
    PERFORM problem('forbidden');
  END IF;
END
$$;

-- First in every change by an editor: the thing, locked, if it is of that kind and one of the editor's desks; then If-Match ('*' where
-- the change asks for none).
CREATE OR REPLACE FUNCTION lock_for_content(id uuid, kind text, if_match text) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  found_version integer;
BEGIN
  SELECT c.version INTO found_version FROM content c
   WHERE c.id = lock_for_content.id AND c.kind = coalesce(lock_for_content.kind, c.kind) AND c.desk = ANY (my_desks())
     FOR NO KEY UPDATE;
  PERFORM require(found_version IS NOT NULL, 'not_found');
  PERFORM precondition_version(if_match, found_version);
END
$$;

-- The tree has no cycles, at most ten levels, a city's pages below its own or the region's.
CREATE OR REPLACE FUNCTION refuse_wrong_place(c content) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  above record;
  below integer;
BEGIN
  WITH RECURSIVE up AS (
    SELECT x.id, x.parent, x.kind, x.city, 1 AS level FROM content x WHERE x.id = c.parent
     UNION ALL
    SELECT x.id, x.parent, x.kind, x.city, up.level + 1 FROM up JOIN content x ON x.id = up.parent WHERE up.level < 20
  )
  SELECT bool_or(up.id = c.id) AS cycle, coalesce(max(up.level), 0) AS levels, bool_or(up.kind <> 'article') AS stranger,
         bool_or(up.city IS NOT NULL AND up.city IS DISTINCT FROM c.city) AS other_city INTO above FROM up;
  IF above.cycle OR c.parent = c.id THEN
    PERFORM problem('validation_failed', '[{"pointer":"/parent","code":"cycle"}]');
  END IF;
  WITH RECURSIVE down AS (
    SELECT c.id AS id, 1 AS level
     UNION ALL
    SELECT x.id, down.level + 1 FROM down JOIN content x ON x.parent = down.id WHERE down.level < 20
  )
  SELECT max(down.level) INTO below FROM down;
  IF c.parent IS NOT NULL AND above.levels + below > 10 THEN
    PERFORM problem('validation_failed', '[{"pointer":"/parent","code":"too_deep","limit":"10"}]');
  ELSIF above.stranger OR above.other_city THEN
    PERFORM problem('validation_failed', '[{"pointer":"/parent","code":"wrong_parent"}]');
  ELSIF c.city IS NOT NULL AND EXISTS (SELECT FROM content x WHERE x.parent = c.id AND x.city IS DISTINCT FROM c.city) THEN
    PERFORM problem('validation_failed', '[{"pointer":"/city","code":"others_below"}]');
  ELSIF c.city IS NOT NULL AND EXISTS (SELECT FROM content x WHERE x.replaces = c.id AND x.archived_at IS NULL) THEN
    PERFORM problem('validation_failed', '[{"pointer":"/city","code":"replaced_elsewhere"}]');
  ELSIF EXISTS (SELECT FROM content x WHERE x.id = c.replaces AND (x.city IS NOT NULL OR x.kind <> 'article')) THEN
    PERFORM problem('validation_failed', '[{"pointer":"/replaces","code":"wrong_replaced"}]');
  ELSIF c.replaces IS NOT NULL AND c.city IS NULL THEN
    PERFORM problem('validation_failed', '[{"pointer":"/city","code":"required"}]');
  ELSIF c.archived_at IS NULL AND EXISTS (SELECT FROM content x WHERE x.replaces = c.replaces AND x.city = c.city AND x.id <> c.id
                                                                   AND x.archived_at IS NULL) THEN
    PERFORM problem('duplicate', '[{"pointer":"/replaces","code":"replaced_already"}]');
  END IF;
END
$$;

-- Whatever moves, appears or disappears in the tree waits for all else that does: what is above must not change meanwhile. It is
-- taken before any row: who held a page and then waited here would keep the holder from putting another below that page.
CREATE OR REPLACE FUNCTION lock_content_tree() RETURNS void LANGUAGE sql VOLATILE AS
$$ SELECT pg_advisory_xact_lock(hashtextextended('content tree', 0)) $$;

-- The tree is of articles alone. The import holds all content, and looks at the tree when all are in their places.
CREATE OR REPLACE FUNCTION content_before() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  moved boolean := CASE TG_OP WHEN 'INSERT' THEN (NEW.parent, NEW.replaces) IS DISTINCT FROM (NULL, NULL)
                              ELSE (NEW.parent, NEW.city, NEW.replaces, NEW.archived_at)
                                   IS DISTINCT FROM (OLD.parent, OLD.city, OLD.replaces, OLD.archived_at) END;
BEGIN
  PERFORM refuse_other_desks(coalesce(NEW.city, '*'));
  IF TG_OP = 'UPDATE' THEN
    PERFORM refuse_other_desks(coalesce(OLD.city, '*'));
  END IF;
  IF moved AND NEW.kind = 'article' AND pg_trigger_depth() = 1 AND me() IS NOT NULL THEN
    PERFORM lock_content_tree();
    PERFORM refuse_wrong_place(NEW);
  END IF;
  NEW.visible := NEW.archived_at IS NULL AND coalesce((SELECT c.visible FROM content c WHERE c.id = NEW.parent), true);
  IF TG_OP = 'UPDATE' AND to_jsonb(NEW) - ARRAY['desk', 'visible', 'languages', 'shown', 'version', 'changed_at']
                       <> to_jsonb(OLD) - ARRAY['desk', 'visible', 'languages', 'shown', 'version', 'changed_at'] THEN
    NEW.version := OLD.version + 1;
    NEW.changed_at := clock();
  END IF;
  RETURN NEW;
END
$$;

CREATE OR REPLACE FUNCTION content_after() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  IF NEW.visible <> OLD.visible THEN -- the trigger before each row below works its own out
    UPDATE content c SET visible = NEW.visible WHERE c.parent = NEW.id;
  END IF;
  IF (NEW.city, NEW.archived_at, NEW.replaces) IS DISTINCT FROM (OLD.city, OLD.archived_at, OLD.replaces) AND NEW.archived_at IS NULL
     AND me() IS NOT NULL THEN
    PERFORM refuse_taken_slugs(NEW.id);
  END IF;
  IF (NEW.archived_at IS NULL) <> (OLD.archived_at IS NULL) AND me() IS NOT NULL THEN
    PERFORM record(CASE WHEN NEW.archived_at IS NULL THEN 'content_restored' ELSE 'content_archived' END, 'content', NEW.id, NEW.city);
  END IF;
  RETURN NULL;
END
$$;

-- What a thing has beside its texts is written by its desk alone, and counts as a change of the thing; how far an event's occurrences
-- stand does not.
CREATE OR REPLACE FUNCTION content_part_before() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  of uuid := coalesce((to_jsonb(CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END) ->> TG_ARGV[0])::uuid);
BEGIN
  PERFORM refuse_other_desks(coalesce((SELECT c.desk FROM content c WHERE c.id = of), '*'));
  IF TG_OP = 'UPDATE' AND to_jsonb(NEW) = to_jsonb(OLD) THEN
    RETURN NULL;
  ELSIF TG_OP = 'UPDATE' AND to_jsonb(NEW) - 'expanded_to' = to_jsonb(OLD) - 'expanded_to' THEN
    RETURN NEW;
  END IF;
  PERFORM content_touch(of);
  RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END
$$;

CREATE OR REPLACE FUNCTION content_touch(content uuid) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS
$$ UPDATE content c SET version = c.version + 1, changed_at = clock() WHERE c.id = content_touch.content $$;

-- A text is written while it is a draft; a revision that left that state never changes but for its state and notes.
CREATE OR REPLACE FUNCTION revision_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  free text[] := ARRAY['state', 'note', 'reviewer', 'reviewed_at', 'published_at', 'version', 'changed_at', 'desk', 'author', 'source_revision'];
BEGIN
  IF OLD.state <> 'draft' AND to_jsonb(NEW) - free <> to_jsonb(OLD) - free THEN
    PERFORM problem('conflict_state');
  END IF;
  NEW.version := OLD.version + 1;
  NEW.changed_at := clock();
  RETURN NEW;
END
$$;

-- Before a revision is published: somebody else than its author does it where the desk wants four eyes, its slug is free, and the one
-- before makes room. The import is no author, and looks at its slugs when all are there.
CREATE OR REPLACE FUNCTION revision_before() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  IF NEW.state = 'published' AND (TG_OP = 'INSERT' OR OLD.state <> 'published') THEN
    IF me() IS NOT NULL AND coalesce((SELECT d.four_eyes FROM desk d WHERE d.desk IN (NEW.desk, '*') ORDER BY d.desk = '*' LIMIT 1), true) THEN
      IF NEW.author = me() THEN
        PERFORM problem('conflict_state', '[{"code":"four_eyes"}]');
      ELSIF TG_OP = 'UPDATE' AND OLD.state = 'draft' THEN
        PERFORM problem('conflict_state', '[{"code":"not_in_review"}]');
      END IF;
    END IF;
    PERFORM 1 FROM content c WHERE c.id = NEW.content FOR NO KEY UPDATE;
    IF me() IS NOT NULL AND slug_taken(NEW.content, NEW.language, NEW.slug) THEN
      PERFORM problem('duplicate', jsonb_build_array(jsonb_build_object('pointer', '/slug', 'code', 'slug_taken', 'limit', NEW.slug)));
    END IF;
    UPDATE revision r SET state = 'superseded'
     WHERE r.content = NEW.content AND r.language = NEW.language AND r.state = 'published' AND r.id <> NEW.id;
    NEW.published_at := coalesce(NEW.published_at, clock());
  END IF;
  RETURN NEW;
END
$$;

-- What readers get follows the states: published texts appear under their slug, archived ones disappear, old slugs go on leading there.
CREATE OR REPLACE FUNCTION revision_after() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  IF NEW.state = 'published' THEN
    INSERT INTO translation (content, language, revision, slug, title, summary, body_markdown, body_html, body_text, embeds, method,
                             source_language, source_revision, legal_basis, sources, reviewed_at, published_at)
    VALUES (NEW.content, NEW.language, NEW.id, NEW.slug, NEW.title, NEW.summary, NEW.body_markdown, NEW.body_html, NEW.body_text,
            NEW.embeds, NEW.method, NEW.source_language, NEW.source_revision, NEW.legal_basis, NEW.sources, NEW.reviewed_at, NEW.published_at)
    ON CONFLICT (content, language) DO UPDATE SET
      (revision, slug, title, summary, body_markdown, body_html, body_text, embeds, method, source_language, source_revision, legal_basis,
       sources, reviewed_at, published_at)
      = (EXCLUDED.revision, EXCLUDED.slug, EXCLUDED.title, EXCLUDED.summary, EXCLUDED.body_markdown, EXCLUDED.body_html,
         EXCLUDED.body_text, EXCLUDED.embeds, EXCLUDED.method, EXCLUDED.source_language, EXCLUDED.source_revision,
         EXCLUDED.legal_basis, EXCLUDED.sources, EXCLUDED.reviewed_at, EXCLUDED.published_at);
    UPDATE content_slug s SET current = false
     WHERE s.content = NEW.content AND s.language = NEW.language AND s.current AND s.slug <> NEW.slug;
    INSERT INTO content_slug (content, language, slug) VALUES (NEW.content, NEW.language, NEW.slug)
        ON CONFLICT (content, language, slug) DO UPDATE SET current = true;
  ELSIF NEW.state = 'archived' THEN
    DELETE FROM translation t WHERE t.revision = NEW.id;
    IF FOUND THEN
      UPDATE content_slug s SET current = false WHERE s.content = NEW.content AND s.language = NEW.language AND s.current;
    END IF;
  END IF;
  IF me() IS NOT NULL AND NEW.state IN ('published', 'archived') THEN
    PERFORM record('revision_' || NEW.state, 'content', NEW.content, nullif(NEW.desk, '*'),
                   jsonb_build_object('revision', NEW.id, 'language', NEW.language));
  END IF;
  RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION translation_after() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  of uuid := CASE TG_OP WHEN 'DELETE' THEN OLD.content ELSE NEW.content END;
BEGIN
  UPDATE content c SET languages = ARRAY(SELECT t.language FROM translation t WHERE t.content = of ORDER BY t.language) WHERE c.id = of;
  RETURN NULL;
END
$$;

-- For the import: publishes a revision when anything changed (true), keeps the old ones and the old slugs. A translation points at
-- the revision of its source that is published now, unless it is known to be behind it. Of a review the day counts.
CREATE OR REPLACE FUNCTION publish_translation(for_content uuid, tag text, name text, title text, summary text, markdown text, html text,
                                               plain text, shows text[], method text, source text, behind boolean, legal_basis text[],
                                               sources jsonb, reviewed_on date)
RETURNS boolean LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  old      translation;
  reviewed timestamptz := reviewed_on::timestamp AT TIME ZONE 'UTC';
BEGIN
  SELECT * INTO old FROM translation t WHERE t.content = for_content AND t.language = tag;
  IF (old.slug, old.title, old.summary, old.body_markdown, old.body_html, old.body_text, old.embeds, old.method, old.source_language,
      old.legal_basis, old.sources, (old.reviewed_at AT TIME ZONE 'UTC')::date)
     IS NOT DISTINCT FROM (lower(name), publish_translation.title, publish_translation.summary, markdown, html, plain, shows,
                           publish_translation.method, source, publish_translation.legal_basis, publish_translation.sources, reviewed_on)
  THEN
    IF behind AND old.source_revision IS NOT NULL
       AND EXISTS (SELECT FROM translation t WHERE t.content = for_content AND t.language = source AND t.revision = old.source_revision) THEN
      UPDATE revision r SET source_revision = NULL WHERE r.id = old.revision;
      UPDATE translation t SET source_revision = NULL WHERE t.revision = old.revision;
      RETURN true;
    END IF;
    RETURN false;
  END IF;
  INSERT INTO revision (id, content, desk, language, number, state, slug, title, summary, body_markdown, body_html, body_text, embeds,
                        method, source_language, source_revision, legal_basis, sources, reviewed_at, published_at)
  SELECT uuid_v7(), c.id, c.desk, tag,
         (SELECT coalesce(max(r.number), 0) + 1 FROM revision r WHERE r.content = for_content AND r.language = tag),
         'published', lower(name), publish_translation.title, publish_translation.summary, markdown, html, plain, shows,
         publish_translation.method, source,
         (SELECT t.revision FROM translation t WHERE t.content = for_content AND t.language = source AND source <> tag AND NOT behind),
         publish_translation.legal_basis, publish_translation.sources, reviewed, clock()
    FROM content c
   WHERE c.id = for_content;
  RETURN true;
END
$$;
