-- SPDX-License-Identifier: EUPL-1.2
-- Pictures and documents: whose they are, what shows them, and that nothing is published that somebody cannot see.

-- What readers get of a thing; its description in their best language, which is named. NULL for none: ask only where there is one.
CREATE OR REPLACE FUNCTION media_of(hash text, languages text[]) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (SELECT jsonb_build_object(
                   'hash', m.hash, 'url', '/v1/media/' || m.hash, 'type', m.type, 'size', octet_length(m.bytes), 'width', m.width,
                   'height', m.height, 'alternative_text', said.words, 'language', said.tag, 'credit', m.credit)
            FROM media m
            LEFT JOIN LATERAL (
                   SELECT t.tag, t.words FROM jsonb_each_text(m.alternative_texts) AS t(tag, words)
                    ORDER BY array_position(media_of.languages, t.tag) NULLS LAST, t.tag LIMIT 1) said ON true
           WHERE m.hash = media_of.hash);
END
$$;

CREATE OR REPLACE FUNCTION attachments_of(content uuid, languages text[]) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (SELECT coalesce(jsonb_agg(media_of(a.media, languages) ORDER BY a.position), '[]')
            FROM attachment a WHERE a.content = attachments_of.content);
END
$$;

-- The desk a new thing belongs to: as said, or the editor's only one.
CREATE OR REPLACE FUNCTION desk_for_media(city text) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  desks text[] := my_desks();
  desk  text := coalesce(city, CASE WHEN '*' = ANY (desks) THEN '*' WHEN cardinality(desks) = 1 THEN desks[1] END);
BEGIN
  IF desk IS NULL THEN
    PERFORM problem('validation_failed', '[{"parameter":"city","code":"required"}]');
  END IF;
  PERFORM refuse_other_desks(desk);
  RETURN desk;
END
$$;

-- First in every change of a thing: locked, if it is there and of one of the editor's desks; then If-Match ('*': not asked for).
-- Locks are taken in one order: the tree, content, media, the feed's rows; so what shows it comes first here, though nothing changes it.
CREATE OR REPLACE FUNCTION lock_for_media(hash text, if_match text) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  found_version integer;
BEGIN
  PERFORM FROM content c WHERE c.thumbnail = lock_for_media.hash FOR KEY SHARE;
  SELECT m.version INTO found_version FROM media m
   WHERE m.hash = lock_for_media.hash AND m.desk = ANY (my_desks())
     FOR UPDATE;
  PERFORM require(found_version IS NOT NULL, 'not_found');
  PERFORM precondition_version(if_match, found_version);
END
$$;

-- What content names must be there, and a thumbnail be a picture; held until the content is written.
CREATE OR REPLACE FUNCTION refuse_unknown_media(thumbnail text, attachments text[]) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  faults jsonb;
BEGIN
  PERFORM FROM media m WHERE m.hash = refuse_unknown_media.thumbnail OR m.hash = ANY (refuse_unknown_media.attachments)
    ORDER BY m.hash FOR KEY SHARE;
  SELECT jsonb_agg(jsonb_build_object('pointer', named.pointer,
                                      'code', CASE WHEN m.hash IS NULL THEN 'unknown_media' ELSE 'not_a_picture' END)) INTO faults
    FROM (SELECT '/thumbnail' AS pointer, refuse_unknown_media.thumbnail AS hash, true AS seen
           UNION ALL
          SELECT '/attachments/' || a.n - 1, a.hash, false
            FROM unnest(refuse_unknown_media.attachments) WITH ORDINALITY AS a(hash, n)) AS named
    LEFT JOIN media m ON m.hash = named.hash
   WHERE named.hash IS NOT NULL
     AND (m.hash IS NULL OR named.seen AND m.width IS NULL);
  IF faults IS NOT NULL THEN
    PERFORM problem('validation_failed', faults);
  END IF;
END
$$;

-- Where things show media beside their texts.
CREATE VIEW media_shown AS
SELECT c.id AS content, '/thumbnail' AS pointer, c.thumbnail AS hash
  FROM content c
 WHERE c.thumbnail IS NOT NULL
 UNION ALL
SELECT a.content, '/attachments/' || row_number() OVER (PARTITION BY a.content ORDER BY a.position) - 1, a.media
  FROM attachment a;

-- What published texts show and nobody has described in their language. The import looks at it when all is there.
CREATE VIEW undescribed AS
SELECT c.kind, c.key, s.pointer, s.hash, l.tag AS language
  FROM media_shown s
  JOIN content c ON c.id = s.content
  JOIN media m ON m.hash = s.hash
 CROSS JOIN unnest(c.languages) AS l(tag)
 WHERE NOT m.alternative_texts ? l.tag;

-- These, in this order; NULL leaves them as they are. Whether that changed anything.
CREATE OR REPLACE FUNCTION set_attachments(content uuid, hashes text[]) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  IF hashes IS NULL
     OR hashes = ARRAY(SELECT a.media FROM attachment a WHERE a.content = set_attachments.content ORDER BY a.position) THEN
    RETURN false;
  END IF;
  DELETE FROM attachment a WHERE a.content = set_attachments.content;
  INSERT INTO attachment (content, position, media)
  SELECT set_attachments.content, h.n, h.hash FROM unnest(hashes) WITH ORDINALITY AS h(hash, n);
  RETURN true;
END
$$;

-- What shows a thing: readers' texts and those being written, on all desks.
CREATE OR REPLACE FUNCTION contents_with(hash text) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
  SELECT c.id FROM content c WHERE c.thumbnail = contents_with.hash
   UNION
  SELECT a.content FROM attachment a WHERE a.media = contents_with.hash
   UNION
  SELECT t.content FROM translation t WHERE t.embeds <> '{}' AND t.embeds @> ARRAY['media:' || contents_with.hash]
   UNION
  SELECT r.content FROM revision r
   WHERE r.state IN ('draft', 'in_review') AND r.embeds @> ARRAY['media:' || contents_with.hash]
$$;

-- As its editors see it. Of other desks' content they hear of what readers can get, and else only that there is some.
CREATE OR REPLACE VIEW media_record WITH (security_invoker = true) AS
SELECT m.hash, '/v1/media/' || m.hash AS url, m.type, octet_length(m.bytes) AS size, m.width, m.height, m.alternative_texts, m.credit,
       nullif(m.desk, '*') AS city, m.desk, m.version, m.created_at,
       EXISTS (SELECT FROM contents_with(m.hash)) AS used,
       (SELECT coalesce(jsonb_agg(jsonb_build_object('id', c.id, 'kind', c.kind, 'key', c.key) ORDER BY c.id), '[]')
          FROM contents_with(m.hash) AS u(id)
          JOIN content c ON c.id = u.id
         WHERE c.shown OR c.desk = ANY (my_desks())) AS used_by
  FROM media m;

-- Merge patch of texts by language; tags nobody knows are faults.
CREATE OR REPLACE FUNCTION texts_merged(texts jsonb, change jsonb) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
DECLARE
  faults jsonb;
BEGIN
  SELECT jsonb_agg(jsonb_build_object('pointer', '/alternative_texts/' || replace(replace(said.tag, '~', '~0'), '/', '~1'),
                                      'code', 'unknown_language') ORDER BY said.tag) INTO faults
    FROM jsonb_object_keys(change) AS said(tag)
   WHERE NOT EXISTS (SELECT FROM language l WHERE l.tag = said.tag);
  IF faults IS NOT NULL THEN
    PERFORM problem('validation_failed', faults);
  END IF;
  RETURN jsonb_strip_nulls(texts || coalesce(change, '{}'));
END
$$;

-- A text cannot be taken away where it is needed.
CREATE OR REPLACE FUNCTION media_before() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  faults jsonb;
BEGIN
  IF (NEW.alternative_texts, NEW.credit, NEW.desk) IS NOT DISTINCT FROM (OLD.alternative_texts, OLD.credit, OLD.desk) THEN
    RETURN NEW;
  END IF;
  SELECT jsonb_agg(jsonb_build_object('pointer', '/alternative_texts/' || gone.tag, 'code', 'alternative_text_missing', 'limit', gone.tag)
                   ORDER BY gone.tag) INTO faults
    FROM jsonb_object_keys(OLD.alternative_texts) AS gone(tag)
   WHERE NOT NEW.alternative_texts ? gone.tag
     AND EXISTS (SELECT FROM content c
                  WHERE gone.tag = ANY (c.languages)
                    AND (c.thumbnail = NEW.hash
                         OR EXISTS (SELECT FROM attachment a WHERE a.content = c.id AND a.media = NEW.hash)));
  IF faults IS NOT NULL AND me() IS NOT NULL THEN
    PERFORM problem('conflict_state', faults);
  END IF;
  NEW.version := OLD.version + 1;
  RETURN NEW;
END
$$;

-- The walls: the desk alone changes and removes its things. Runs as the caller.
CREATE OR REPLACE FUNCTION media_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM refuse_other_desks(CASE TG_OP WHEN 'INSERT' THEN NEW.desk ELSE OLD.desk END);
  RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END
$$;

-- Whoever publishes in a language has said there what is to be seen (Web Content Accessibility Guidelines, 1.1.1). Pictures inside a
-- text carry their own words; they only have to be there. Held until the end of the transaction, so that nobody takes the words away.
CREATE OR REPLACE FUNCTION refuse_undescribed(content uuid, languages text[]) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  faults jsonb;
BEGIN
  PERFORM FROM media m
    WHERE m.hash = ANY (ARRAY(SELECT s.hash FROM media_shown s WHERE s.content = refuse_undescribed.content))
    ORDER BY m.hash FOR KEY SHARE;
  SELECT jsonb_agg(jsonb_build_object('pointer', shown.pointer, 'code', 'alternative_text_missing', 'limit', wanted.tag)
                   ORDER BY shown.pointer, wanted.tag) INTO faults
    FROM media_shown shown
    JOIN media m ON m.hash = shown.hash
   CROSS JOIN unnest(refuse_undescribed.languages) AS wanted(tag)
   WHERE shown.content = refuse_undescribed.content
     AND NOT m.alternative_texts ? wanted.tag;
  IF faults IS NOT NULL AND me() IS NOT NULL THEN -- the import says it file by file
    PERFORM problem('conflict_state', faults);
  END IF;
END
$$;

-- Before readers get it and the feed hears of it: whoever describes a thing holds that before the feed's rows, too.
CREATE OR REPLACE FUNCTION revision_shows() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  PERFORM refuse_undescribed(NEW.content, ARRAY[NEW.language]);
  PERFORM FROM media m WHERE 'media:' || m.hash = ANY (NEW.embeds) ORDER BY m.hash FOR KEY SHARE;
  IF me() IS NOT NULL AND EXISTS (SELECT FROM unnest(NEW.embeds) AS e(name)
                                   WHERE e.name LIKE 'media:%'
                                     AND NOT EXISTS (SELECT FROM media m WHERE m.hash = substr(e.name, 7))) THEN
    PERFORM problem('conflict_state', '[{"pointer":"/body_markdown","code":"unknown_media"}]');
  END IF;
  RETURN NEW;
END
$$;

CREATE OR REPLACE FUNCTION content_shows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM refuse_undescribed(NEW.id, NEW.languages);
  RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION attachment_shows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM refuse_undescribed(NEW.content, (SELECT c.languages FROM content c WHERE c.id = NEW.content));
  RETURN NULL;
END
$$;
