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
  IF source_revision IS NOT NULL AND source_language IS NULL THEN
    PERFORM problem('validation_failed', '[{"pointer":"/source_language","code":"required"}]');
  ELSIF source_revision IS NOT NULL
    AND NOT EXISTS (SELECT FROM revision r
                     WHERE r.id = refuse_unknown_source.source_revision AND r.content = refuse_unknown_source.content
                       AND r.language = refuse_unknown_source.source_language AND r.language <> refuse_unknown_source.language) THEN
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
