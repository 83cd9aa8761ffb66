-- SPDX-License-Identifier: EUPL-1.2
-- What editors do with content of every kind: locks, versions, what a desk wants, who wrote what.

-- Editors' entity tags say the version that If-Match compares, then a digest of everything else the answer shows: "7-0f3a9c51".
CREATE OR REPLACE FUNCTION precondition_version(if_match text, version integer) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  PERFORM precondition(regexp_replace(if_match, '"([0-9]+)-[0-9a-f]{8}"', '"\1"', 'g'), version::text);
END
$$;

CREATE OR REPLACE FUNCTION entity_tag(version integer, shown text) RETURNS text LANGUAGE sql IMMUTABLE AS
$$ SELECT version || '-' || left(md5(shown), 8) $$;

-- First in every change of a revision: its content, then itself. Row-level security hides those of other desks.
CREATE OR REPLACE FUNCTION lock_for_revision(id uuid) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  PERFORM FROM content c
    WHERE c.id = (SELECT r.content FROM revision r WHERE r.id = lock_for_revision.id AND r.desk = ANY (my_desks()))
      FOR NO KEY UPDATE;
  PERFORM require(FOUND, 'not_found');
  PERFORM FROM revision r WHERE r.id = lock_for_revision.id FOR NO KEY UPDATE;
END
$$;

-- What a desk decided, or else the region's decided for it.
CREATE OR REPLACE FUNCTION desk_of(city text) RETURNS desk LANGUAGE plpgsql STABLE AS $$
DECLARE
  found desk;
BEGIN
  SELECT d.* INTO found FROM desk d WHERE d.desk IN (coalesce(city, '*'), '*') ORDER BY d.desk = '*' LIMIT 1;
  RETURN found;
END
$$;

-- What a thing names must be there and of the right kind: one fault for each that is not.
CREATE OR REPLACE FUNCTION refuse_unknown_links(parent uuid, replaces uuid, office uuid, related uuid[]) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  faults jsonb;
BEGIN
  SELECT jsonb_agg(jsonb_build_object('pointer', link.pointer, 'code', 'unknown_' || link.kind)) INTO faults
    FROM (VALUES ('/parent', parent, 'article'), ('/replaces', replaces, 'article'), ('/office', office, 'place')
           UNION ALL
          SELECT '/related/' || r.n - 1, r.id, 'article' FROM unnest(related) WITH ORDINALITY AS r(id, n)) AS link(pointer, id, kind)
   WHERE link.id IS NOT NULL
     AND NOT EXISTS (SELECT FROM content c WHERE c.id = link.id AND c.kind = link.kind);
  IF faults IS NOT NULL THEN
    PERFORM problem('validation_failed', faults);
  END IF;
END
$$;

-- What an address can be made of a title: lower case, words joined by hyphens, letters of any script.
CREATE OR REPLACE FUNCTION slug_from(title text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT nullif(btrim(left(regexp_replace(
           replace(replace(replace(replace(lower(title), 'ä', 'ae'), 'ö', 'oe'), 'ü', 'ue'), 'ß', 'ss'),
           '[^[:alnum:]]+', '-', 'g'), 100), '-'), '')
$$;

-- The address of a text: as the editor says, as it was, or else out of the title.
CREATE OR REPLACE FUNCTION slug_for(said text, title text, before text) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  slug text := coalesce(lower(said), before, slug_from(title));
BEGIN
  IF slug IS NULL THEN
    PERFORM problem('validation_failed', '[{"pointer":"/slug","code":"required"}]');
  END IF;
  RETURN slug;
END
$$;

-- The text a translation into `language` is made from by now: what readers get in the source language, or else what is being written.
CREATE OR REPLACE FUNCTION source_of(content uuid, language text, source_language text) RETURNS uuid LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (SELECT r.id FROM revision r
           WHERE r.content = source_of.content AND r.language = source_of.source_language AND r.language <> source_of.language
             AND r.state IN ('draft', 'in_review', 'published')
           ORDER BY r.state = 'published' DESC LIMIT 1);
END
$$;

-- A revision named as source is one of the same thing, in the language named as source.
CREATE OR REPLACE FUNCTION refuse_unknown_source(content uuid, language text, source_language text, source_revision uuid) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  IF source_language = language THEN
    PERFORM problem('validation_failed', '[{"pointer":"/source_language","code":"contradiction","limit":"language"}]');
  ELSIF source_revision IS NOT NULL AND source_language IS NULL THEN
    PERFORM problem('validation_failed', '[{"pointer":"/source_language","code":"required"}]');
  ELSIF source_revision IS NOT NULL
    AND NOT EXISTS (SELECT FROM revision r
                     WHERE r.id = refuse_unknown_source.source_revision AND r.content = refuse_unknown_source.content
                       AND r.language = refuse_unknown_source.source_language) THEN
    PERFORM problem('validation_failed', '[{"pointer":"/source_revision","code":"unknown_revision"}]');
  END IF;
END
$$;

CREATE OR REPLACE FUNCTION bases_of(sources jsonb) RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
  SELECT coalesce(array_agg(s.value ->> 'basis' ORDER BY s.n), '{}') FROM jsonb_array_elements(sources) WITH ORDINALITY AS s(value, n)
$$;

-- Colleagues are told by name, if they gave one; nobody else is.
CREATE OR REPLACE FUNCTION editor_of(account uuid) RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  RETURN (SELECT jsonb_build_object('id', a.id, 'display_name', a.display_name)
            FROM account a WHERE a.id = editor_of.account AND my_desks() <> '{}');
END
$$;

-- Each language a thing has, is wanted in or is being written in: what readers get of it, and the text that is worked on.
CREATE OR REPLACE VIEW content_work WITH (security_invoker = true) AS
SELECT c.id AS content, l.language, coalesce(p.state, 'missing') AS state, p.revision, p.slug, p.title, p.provenance, p.published_at,
       r.id AS draft, r.state AS draft_state, r.title AS draft_title, r.changed_at AS draft_changed_at, r.author AS draft_author
  FROM content c
 CROSS JOIN LATERAL (
         SELECT unnest(c.languages) AS language
          UNION
         SELECT unnest((desk_of(c.city)).languages)
          UNION
         SELECT d.language FROM revision d WHERE d.content = c.id AND d.state IN ('draft', 'in_review')) l
  LEFT JOIN published_translation p ON p.content = c.id AND p.language = l.language
  LEFT JOIN revision r ON r.content = c.id AND r.language = l.language AND r.state IN ('draft', 'in_review');

-- What a thing is called for somebody who reads these languages: as published, or else as the draft has it.
CREATE OR REPLACE FUNCTION title_of(content uuid, languages text[]) RETURNS TABLE (title text, language text)
LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN QUERY
  SELECT coalesce(w.title, w.draft_title), w.language
    FROM content_work w
   WHERE w.content = title_of.content AND coalesce(w.title, w.draft_title) IS NOT NULL
   ORDER BY w.title IS NULL, array_position(title_of.languages, w.language) NULLS LAST, w.language LIMIT 1;
END
$$;

-- Whether readers still have a use for it: news and events pass.
CREATE OR REPLACE FUNCTION is_ahead(content uuid, kind text) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN CASE kind WHEN 'news' THEN NOT EXISTS (SELECT FROM news n WHERE n.content = is_ahead.content AND n.expires_at <= clock())
                   WHEN 'event' THEN EXISTS (SELECT FROM occurrence o WHERE o.event = is_ahead.content AND o.ends_at > clock())
                   ELSE true END;
END
$$;

-- Whether a thing is in that state in the language, or in any: missing, machine, current, outdated for readers, draft, in_review for
-- editors. Without a state: whether there is such a text at all.
CREATE OR REPLACE FUNCTION is_in_state(c content, state text, language text) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN CASE
    WHEN state = 'missing' THEN
      EXISTS (SELECT FROM unnest((desk_of(c.city)).languages) AS wanted(tag)
               WHERE wanted.tag <> ALL (c.languages) AND wanted.tag = coalesce(is_in_state.language, wanted.tag))
    WHEN state IN ('draft', 'in_review') THEN
      EXISTS (SELECT FROM revision r WHERE r.content = c.id AND r.state = is_in_state.state
                                       AND r.language = coalesce(is_in_state.language, r.language))
    WHEN state IN ('machine', 'current', 'outdated') THEN
      EXISTS (SELECT FROM published_translation p WHERE p.content = c.id AND p.state = is_in_state.state
                                                    AND p.language = coalesce(is_in_state.language, p.language))
    ELSE
      is_in_state.language IS NULL OR is_in_state.language = ANY (c.languages)
      OR EXISTS (SELECT FROM revision r WHERE r.content = c.id AND r.state IN ('draft', 'in_review') AND r.language = is_in_state.language)
    END;
END
$$;

-- What waits for the editor who asks: texts that came back, texts to review, things to look at again, translations to do, and what
-- readers asked for in vain these thirty days. What is in review is not asked for a second time, nor is a translation of what
-- somebody tells in their own words. (rank, place, name) is the order in which to do it.
CREATE OR REPLACE VIEW editorial_task WITH (security_invoker = true) AS
WITH asked AS (
  SELECT d.what, d.key, d.language, sum(d.count)::integer AS times FROM demand d WHERE d.day > today() - 30 GROUP BY d.what, d.key, d.language
), unwell AS NOT MATERIALIZED (
  SELECT c.id AS content, p.language, p.state, p.published_at, o.id AS revision
    FROM content c
    JOIN published_translation p ON p.content = c.id
    LEFT JOIN revision o ON o.content = c.id AND o.language = p.language AND o.state IN ('draft', 'in_review')
   WHERE c.desk = ANY ((SELECT my_desks())::text[]) AND c.shown AND o.state IS DISTINCT FROM 'in_review' AND is_ahead(c.id, c.kind)
), task (rank, kind, content, language, revision, due_on, words, times, place) AS (
  SELECT 1, 'returned', r.content, r.language, r.id, NULL::date, NULL, NULL::integer, rfc3339(r.changed_at)
    FROM revision r
   WHERE r.state = 'draft' AND r.desk = ANY ((SELECT my_desks())::text[]) AND r.author = me() AND r.reviewer IS NOT NULL
   UNION ALL
  SELECT 2, 'in_review', r.content, r.language, r.id, NULL, NULL, NULL, rfc3339(r.changed_at)
    FROM revision r
   WHERE r.state = 'in_review' AND r.desk = ANY ((SELECT my_desks())::text[])
   UNION ALL
  SELECT 3, 'due', c.id, NULL, NULL, c.review_due_on, NULL, NULL, c.review_due_on::text
    FROM content c
   WHERE c.desk = ANY ((SELECT my_desks())::text[]) AND c.shown AND c.review_due_on <= today()
   UNION ALL
  SELECT 4, 'outdated', w.content, w.language, w.revision, NULL, NULL, NULL, rfc3339(w.published_at) FROM unwell w WHERE w.state = 'outdated'
   UNION ALL
  SELECT 5, 'machine', w.content, w.language, w.revision, NULL, NULL, NULL, rfc3339(w.published_at) FROM unwell w WHERE w.state = 'machine'
   UNION ALL
  SELECT 6, 'missing', c.id, l.language, o.id, NULL, NULL, NULL, c.key
    FROM (SELECT x.desk, (desk_of(nullif(x.desk, '*'))).languages FROM unnest(my_desks()) AS x(desk)) d
    JOIN content c ON c.desk = d.desk
   CROSS JOIN LATERAL unnest(d.languages) AS l(language)
    LEFT JOIN revision o ON o.content = c.id AND o.language = l.language AND o.state IN ('draft', 'in_review')
   WHERE c.shown AND l.language <> ALL (c.languages) AND c.kind <> 'story' AND o.state IS DISTINCT FROM 'in_review' AND is_ahead(c.id, c.kind)
   UNION ALL
  SELECT 7, 'asked_for', c.id, asked.language, NULL, NULL, NULL, asked.times, lpad((1000000000 - asked.times)::text, 10, '0')
    FROM asked
    JOIN content c ON c.id = CASE asked.what WHEN 'article' THEN asked.key::uuid END
   WHERE asked.what = 'article' AND c.desk = ANY ((SELECT my_desks())::text[]) AND c.shown AND asked.language <> ALL (c.languages)
   UNION ALL
  SELECT 7, 'asked_for', NULL, asked.language, NULL, NULL, asked.key, asked.times, lpad((1000000000 - asked.times)::text, 10, '0')
    FROM asked
   WHERE asked.what = 'search'
)
SELECT task.rank, task.kind, task.content, task.language, task.revision, task.due_on, task.words, task.times, task.place,
       concat_ws(' ', task.content, task.language, task.words) AS name
  FROM task;

-- Found correct today: what readers get, but for texts behind their source and those nobody has checked.
CREATE OR REPLACE FUNCTION confirm_translations(content uuid) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  city text;
BEGIN
  SELECT c.city INTO city FROM content c WHERE c.id = confirm_translations.content AND c.desk = ANY (my_desks());
  PERFORM require(FOUND, 'not_found');
  WITH confirmed AS (
    UPDATE translation t SET reviewed_at = clock()
      FROM published_translation p
     WHERE p.content = t.content AND p.language = t.language AND p.state = 'current' AND t.content = confirm_translations.content
    RETURNING t.revision
  )
  UPDATE revision r SET reviewed_at = clock() FROM confirmed WHERE r.id = confirmed.revision;
  PERFORM record('content_confirmed', 'content', content, city);
END
$$;

-- Desks have no version of their own: what they decided is one.
CREATE OR REPLACE FUNCTION desk_version(desk text) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (SELECT left(md5(concat_ws(' ', d.desk, d.four_eyes, d.languages)), 16) FROM desk_of(nullif(desk_version.desk, '*')) d);
END
$$;

CREATE OR REPLACE FUNCTION lock_for_desk(desk text, if_match text) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  PERFORM require(lock_for_desk.desk = '*' OR EXISTS (SELECT FROM city c WHERE c.slug = lock_for_desk.desk), 'not_found');
  PERFORM pg_advisory_xact_lock(hashtextextended('desks', 0));
  PERFORM precondition(if_match, desk_version(lock_for_desk.desk));
END
$$;

CREATE OR REPLACE FUNCTION set_desk(desk text, four_eyes boolean, languages text[]) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  before desk := desk_of(nullif(set_desk.desk, '*'));
BEGIN
  PERFORM require(is_admin(), 'forbidden');
  INSERT INTO desk AS d (desk, four_eyes, languages)
  VALUES (set_desk.desk, coalesce(set_desk.four_eyes, before.four_eyes), coalesce(set_desk.languages, before.languages))
      ON CONFLICT ON CONSTRAINT desk_pkey DO UPDATE SET four_eyes = EXCLUDED.four_eyes, languages = EXCLUDED.languages;
  PERFORM record('desk_changed', 'account', me(), nullif(set_desk.desk, '*'),
                 (SELECT to_jsonb(d) FROM desk d WHERE d.desk = set_desk.desk));
END
$$;
