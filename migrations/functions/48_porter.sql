-- SPDX-License-Identifier: EUPL-1.2
-- Content as files: what `welcomed import` writes and `welcomed export` reads. An entry is what stands in the file all languages share.

-- Whether the files said just that of this part of a thing when they were last imported; from now on they have said it.
CREATE OR REPLACE FUNCTION is_imported(of_kind text, of_key text, part text, said text) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  UPDATE content c SET imported = c.imported || jsonb_build_object(part, md5(said))
   WHERE c.kind = of_kind AND c.key = of_key AND c.imported ->> part IS DISTINCT FROM md5(said);
  RETURN NOT FOUND AND EXISTS (SELECT FROM content c WHERE c.kind = of_kind AND c.key = of_key);
END
$$;

-- What needs nothing else to be there. What editors have changed since the files said the same stays. Whom it replaces is let go when that changes: another may be about to take the place.
CREATE OR REPLACE FUNCTION import_content(of_kind text, of_key text, entry jsonb) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  changed boolean;
  part    boolean;
  thing   uuid := (SELECT c.id FROM content c WHERE c.kind = of_kind AND c.key = of_key);
BEGIN
  IF is_imported(of_kind, of_key, 'thing', entry::text) THEN
    RETURN false;
  END IF;
  INSERT INTO content AS old (id, kind, key, position, city, topics, audiences, stages, reviewed_on, review_due_on)
  VALUES (uuid_v7(), of_kind, of_key, coalesce((entry ->> 'position')::integer, 0), entry ->> 'city', words_of(entry -> 'topics'),
          words_of(entry -> 'audiences'), words_of(entry -> 'stages'), (entry ->> 'reviewed_on')::date, (entry ->> 'review_due_on')::date)
      ON CONFLICT (kind, key) DO UPDATE SET
         position = EXCLUDED.position, city = EXCLUDED.city, topics = EXCLUDED.topics, audiences = EXCLUDED.audiences,
         stages = EXCLUDED.stages, reviewed_on = EXCLUDED.reviewed_on, review_due_on = EXCLUDED.review_due_on,
         replaces = (SELECT r.id FROM content r WHERE r.id = old.replaces AND r.key = entry ->> 'replaces')
   WHERE (old.position, old.city, old.topics, old.audiences, old.stages, old.reviewed_on, old.review_due_on)
         IS DISTINCT FROM (EXCLUDED.position, EXCLUDED.city, EXCLUDED.topics, EXCLUDED.audiences, EXCLUDED.stages, EXCLUDED.reviewed_on,
                           EXCLUDED.review_due_on)
      OR (old.replaces IS NOT NULL AND (SELECT r.key FROM content r WHERE r.id = old.replaces) IS DISTINCT FROM entry ->> 'replaces');
  changed := FOUND;
  part := set_part(of_kind, (SELECT c.id FROM content c WHERE c.kind = of_kind AND c.key = of_key),
                   CASE WHEN of_kind = 'event' THEN entry || jsonb_build_object('place', (SELECT e.place FROM event e WHERE e.content = thing))
                        ELSE entry END); -- where it is, import_links() says
  PERFORM is_imported(of_kind, of_key, 'thing', entry::text); -- of one that is new
  RETURN changed OR part;
END
$$;

-- What it says of others, when all are there: whether that changed, or what is wrong with it.
CREATE OR REPLACE FUNCTION import_links(of_kind text, of_key text, entry jsonb, OUT changed boolean, OUT faults jsonb)
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  parent_of   uuid := (SELECT c.id FROM content c WHERE c.kind = 'article' AND c.key = entry ->> 'parent');
  replaces_of uuid := (SELECT c.id FROM content c WHERE c.kind = 'article' AND c.key = entry ->> 'replaces');
  office_of   uuid := (SELECT c.id FROM content c WHERE c.kind = 'place' AND c.key = entry ->> 'office');
  place_of    uuid := (SELECT c.id FROM content c WHERE c.kind = 'place' AND c.key = entry ->> 'place');
  related_of  uuid[] := ARRAY(SELECT c.id FROM jsonb_array_elements_text(entry -> 'related') WITH ORDINALITY AS k(key, n)
                                JOIN content c ON c.kind = 'article' AND c.key = k.key ORDER BY k.n);
BEGIN
  SELECT jsonb_agg(jsonb_build_object('pointer', f.pointer, 'code', f.code)) INTO faults
    FROM (VALUES ('/parent', 'unknown_article', entry ? 'parent' AND parent_of IS NULL),
                 ('/parent', 'cycle', entry ->> 'parent' = of_key),
                 ('/replaces', 'unknown_article', entry ? 'replaces' AND replaces_of IS NULL),
                 ('/replaces', 'wrong_replaced', entry ->> 'replaces' = of_key),
                 ('/city', 'required', entry ? 'replaces' AND NOT entry ? 'city'),
                 ('/replaces', 'replaced_already',
                  EXISTS (SELECT FROM content c WHERE c.replaces = replaces_of AND c.city = entry ->> 'city' AND c.archived_at IS NULL
                                                  AND (c.kind, c.key) <> (of_kind, of_key))),
                 ('/office', 'unknown_place', entry ? 'office' AND office_of IS NULL),
                 ('/place', 'unknown_place', entry ? 'place' AND place_of IS NULL),
                 ('/thumbnail', 'unknown_media', entry ? 'thumbnail' AND NOT EXISTS (SELECT FROM media m WHERE m.hash = entry ->> 'thumbnail')),
                 ('/thumbnail', 'not_a_picture', EXISTS (SELECT FROM media m WHERE m.hash = entry ->> 'thumbnail' AND m.width IS NULL))
           UNION ALL
          SELECT '/attachments/' || a.n - 1, 'unknown_media', NOT EXISTS (SELECT FROM media m WHERE m.hash = a.hash)
            FROM jsonb_array_elements_text(entry -> 'attachments') WITH ORDINALITY AS a(hash, n)
           UNION ALL
          SELECT '/related/' || k.n - 1, 'unknown_article',
                 NOT EXISTS (SELECT FROM content c WHERE c.kind = 'article' AND c.key = k.key)
            FROM jsonb_array_elements_text(entry -> 'related') WITH ORDINALITY AS k(key, n)) AS f(pointer, code, wrong)
   WHERE f.wrong;
  changed := false;
  IF faults IS NULL AND NOT is_imported(of_kind, of_key, 'links', entry::text) THEN
    UPDATE content c SET parent = parent_of, replaces = replaces_of, office = office_of, related = related_of,
                         thumbnail = entry ->> 'thumbnail'
     WHERE c.kind = of_kind AND c.key = of_key
       AND (c.parent, c.replaces, c.office, c.related, c.thumbnail)
           IS DISTINCT FROM (parent_of, replaces_of, office_of, related_of, entry ->> 'thumbnail');
    changed := FOUND;
    UPDATE event e SET place = place_of
      FROM content c
     WHERE c.id = e.content AND c.kind = of_kind AND c.key = of_key AND e.place IS DISTINCT FROM place_of;
    changed := changed OR FOUND;
    IF set_attachments((SELECT c.id FROM content c WHERE c.kind = of_kind AND c.key = of_key), words_of(entry -> 'attachments')) THEN
      changed := true; -- not with OR: what is known to be true would leave the call out
    END IF;
  END IF;
END
$$;

-- What is wrong with its place in the tree, once all have theirs.
CREATE OR REPLACE FUNCTION import_misplaced(of_kind text, of_key text) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
DECLARE
  found  content;
  detail text;
BEGIN
  SELECT c.* INTO found FROM content c WHERE c.kind = of_kind AND c.key = of_key;
  PERFORM refuse_wrong_place(found);
  RETURN NULL;
EXCEPTION WHEN SQLSTATE 'WR000' THEN
  GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
  RETURN detail::jsonb;
END
$$;

-- Addresses a text had before lead to it here, too.
CREATE OR REPLACE FUNCTION import_former_slugs(of_kind text, of_key text, tag text, slugs jsonb) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  INSERT INTO content_slug (content, language, slug, current)
  SELECT c.id, tag, lower(s.slug), false
    FROM content c
   CROSS JOIN jsonb_array_elements_text(slugs) AS s(slug)
   WHERE c.kind = of_kind
     AND c.key = of_key
      ON CONFLICT DO NOTHING;
  RETURN FOUND;
END
$$;

-- Two of a kind that a reader of one city could mean by one slug; a city's own may carry the slug of what it replaces.
CREATE VIEW slug_clash AS
SELECT a.kind, a.key, b.key AS other, s.language, s.slug
  FROM content_slug s
  JOIN content a ON a.id = s.content
  JOIN content_slug o ON o.slug = s.slug AND o.language = s.language AND o.current AND o.content > s.content
  JOIN content b ON b.id = o.content AND b.kind = a.kind
 WHERE s.current
   AND a.archived_at IS NULL
   AND b.archived_at IS NULL
   AND (a.city IS NULL OR b.city IS NULL OR a.city = b.city)
   AND a.replaces IS DISTINCT FROM b.id
   AND b.replaces IS DISTINCT FROM a.id;

-- What readers get, and what stands above it in the tree. No drafts, nothing archived or below what is. Siblings of one desk at the
-- same position get positions of their own in the order they have.
CREATE VIEW exported AS
WITH RECURSIVE kept AS (
  SELECT c.id, c.parent FROM content c WHERE c.shown
   UNION
  SELECT c.id, c.parent FROM kept JOIN content c ON c.id = kept.parent
), numbered AS (
  SELECT c.*, row_number() OVER siblings AS number
    FROM kept
    JOIN content c USING (id)
  WINDOW siblings AS (PARTITION BY c.kind, c.parent, c.desk ORDER BY c.position, c.id)
)
SELECT n.*, max(n.position - n.number) OVER siblings + n.number AS free_position
  FROM numbered n
WINDOW siblings AS (PARTITION BY n.kind, n.parent, n.desk ORDER BY n.position, n.id);

-- Sources that all its translations have stand with it, others with each of them.
CREATE VIEW exported_sources AS
SELECT t.content, min(t.sources::text)::jsonb AS sources
  FROM translation t
 GROUP BY t.content
HAVING count(DISTINCT t.sources) = 1;

-- For all at once: for each alone, all that is exported would be gone through.
CREATE VIEW exported_related AS
SELECT c.id AS content, jsonb_agg(x.key ORDER BY r.n) AS keys
  FROM content c
 CROSS JOIN unnest(c.related) WITH ORDINALITY AS r(id, n)
  JOIN exported x ON x.id = r.id
 GROUP BY c.id;

-- What stands in the file that all languages share, members that say nothing left out. Only what is shown in an order has a position.
CREATE VIEW exported_thing AS
SELECT c.kind, c.key,
       without_empty(jsonb_build_object(
         'position', CASE WHEN c.kind IN ('article', 'place', 'story') THEN c.free_position END,
         'city', c.city,
         'topics', c.topics,
         'audiences', c.audiences,
         'stages', c.stages,
         'related', k.keys,
         'sources', s.sources,
         'reviewed_on', c.reviewed_on,
         'review_due_on', c.review_due_on,
         'parent', p.key,
         'replaces', r.key,
         'office', o.key,
         'thumbnail', c.thumbnail,
         'attachments', (SELECT jsonb_agg(a.media ORDER BY a.position) FROM attachment a WHERE a.content = c.id))
           || coalesce(part_of(c.kind, c.id), '{}')
           || CASE WHEN c.kind = 'event' THEN jsonb_build_object('place', v.key) ELSE '{}' END) AS entry
  FROM exported c
  LEFT JOIN exported_sources s ON s.content = c.id
  LEFT JOIN exported_related k ON k.content = c.id
  LEFT JOIN exported p ON p.id = c.parent
  LEFT JOIN exported r ON r.id = c.replaces
  LEFT JOIN exported o ON o.id = c.office
  LEFT JOIN event e ON e.content = c.id
  LEFT JOIN exported v ON v.id = e.place;

-- Front matter and text of each language.
CREATE VIEW exported_text AS
SELECT c.kind, c.key, t.language,
       jsonb_strip_nulls(jsonb_build_object(
         'title', t.title,
         'slug', t.slug,
         'former_slugs', (SELECT jsonb_agg(f.slug ORDER BY f.slug COLLATE "C")
                            FROM content_slug f WHERE f.content = c.id AND f.language = t.language AND NOT f.current),
         'summary', nullif(t.summary, ''),
         'provenance', jsonb_build_object(
           'method', t.method,
           'source_language', t.source_language,
           'reviewed_on', (t.reviewed_at AT TIME ZONE 'UTC')::date,
           'outdated', CASE WHEN source.revision <> coalesce(t.source_revision, t.revision) THEN true END),
         'sources', CASE WHEN s.content IS NULL THEN nullif(t.sources, '[]') END)) AS front,
       t.body_markdown AS body
  FROM translation t
  JOIN exported c ON c.id = t.content
  LEFT JOIN exported_sources s ON s.content = c.id
  LEFT JOIN translation source ON source.content = t.content AND source.language = t.source_language AND source.language <> t.language;

-- Pictures and documents that exported things or their texts show, with what is said of them.
CREATE VIEW exported_media AS
WITH named AS (
  SELECT c.thumbnail AS hash FROM exported c
   UNION
  SELECT a.media FROM exported c JOIN attachment a ON a.content = c.id
   UNION
  SELECT substr(e.name, length('media:') + 1)
    FROM exported c
    JOIN translation t ON t.content = c.id
   CROSS JOIN unnest(t.embeds) AS e(name)
   WHERE starts_with(e.name, 'media:')
)
SELECT m.hash, m.type, m.bytes,
       jsonb_strip_nulls(jsonb_build_object('alternative_texts', nullif(m.alternative_texts, '{}'), 'credit', m.credit,
                                            'city', nullif(m.desk, '*'))) AS entry
  FROM named
  JOIN media m USING (hash);

-- For the import: what is said of a thing, and its bytes where they are new.
CREATE OR REPLACE FUNCTION import_media(of_hash text, of_type text, of_bytes bytea, of_width integer, of_height integer, entry jsonb)
RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  texts jsonb := coalesce(entry -> 'alternative_texts', '{}');
  desk_of text := coalesce(entry ->> 'city', '*');
BEGIN
  IF of_bytes IS NOT NULL THEN
    INSERT INTO media (hash, type, bytes, width, height, desk, credit, alternative_texts)
    VALUES (of_hash, of_type, of_bytes, of_width, of_height, desk_of, entry ->> 'credit', texts);
  ELSE
    UPDATE media m SET desk = desk_of, credit = entry ->> 'credit', alternative_texts = texts
     WHERE m.hash = of_hash
       AND (m.desk, m.credit, m.alternative_texts) IS DISTINCT FROM (desk_of, entry ->> 'credit', texts);
  END IF;
  RETURN FOUND;
END
$$;
