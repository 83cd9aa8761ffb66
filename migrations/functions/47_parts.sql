-- SPDX-License-Identifier: EUPL-1.2
-- What places, news, events and stories have beside their texts, as one object: editors send it, files hold it, and both are written here.

CREATE OR REPLACE FUNCTION words_of(list jsonb) RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
  SELECT coalesce(array_agg(w.value ORDER BY w.n), '{}') FROM jsonb_array_elements_text(list) WITH ORDINALITY AS w(value, n)
$$;

-- JSON merge patch (RFC 7396 §2).
CREATE OR REPLACE FUNCTION merge_patch(target jsonb, patch jsonb) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  IF jsonb_typeof(patch) <> 'object' THEN
    RETURN patch;
  END IF;
  RETURN (
    SELECT coalesce(jsonb_object_agg(m.key, m.value), '{}')
      FROM (SELECT coalesce(old.key, new.key) AS key,
                   CASE WHEN new.key IS NULL THEN old.value ELSE merge_patch(coalesce(old.value, '{}'), new.value) END AS value
              FROM jsonb_each(CASE jsonb_typeof(target) WHEN 'object' THEN target ELSE '{}' END) old
              FULL JOIN jsonb_each(patch) new ON new.key = old.key) m
     WHERE m.value <> 'null');
END
$$;

-- Without members that say nothing: null, false, [] and {}, on all levels. So files show what there is.
CREATE OR REPLACE FUNCTION without_empty(value jsonb) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  RETURN CASE jsonb_typeof(value)
    WHEN 'object' THEN (
      SELECT coalesce(jsonb_object_agg(m.key, m.value), '{}')
        FROM (SELECT e.key, without_empty(e.value) AS value FROM jsonb_each(without_empty.value) e) m
       WHERE m.value NOT IN ('null', 'false', '[]', '{}'))
    WHEN 'array' THEN (
      SELECT coalesce(jsonb_agg(without_empty(e.value) ORDER BY e.n), '[]')
        FROM jsonb_array_elements(without_empty.value) WITH ORDINALITY AS e(value, n))
    ELSE value END;
END
$$;

-- The part of a thing; NULL for articles, which have none.
CREATE OR REPLACE FUNCTION part_of(kind text, content uuid) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN CASE kind
    WHEN 'place' THEN (
      SELECT to_jsonb(p) - 'content'
             || jsonb_build_object('contacts', (SELECT coalesce(jsonb_agg(to_jsonb(n) - ARRAY['place', 'position'] ORDER BY n.position), '[]')
                                                  FROM contact n WHERE n.place = p.content))
        FROM place p WHERE p.content = part_of.content)
    WHEN 'news' THEN (
      SELECT jsonb_build_object('cities', n.cities, 'publishes_at', rfc3339(n.publishes_at), 'expires_at', rfc3339(n.expires_at))
        FROM news n WHERE n.content = part_of.content)
    WHEN 'event' THEN (
      SELECT event_times(e) || jsonb_build_object('place', e.place, 'meeting_url', e.meeting_url)
        FROM event e WHERE e.content = part_of.content)
    WHEN 'story' THEN (
      SELECT to_jsonb(s) - 'content' FROM story s WHERE s.content = part_of.content) END;
END
$$;

CREATE OR REPLACE FUNCTION refuse_faults(faults jsonb) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  IF faults IS NOT NULL THEN
    PERFORM problem('validation_failed', faults);
  END IF;
END
$$;

-- Faults of texts by language: tags nobody knows.
CREATE OR REPLACE FUNCTION unknown_tags(texts jsonb, pointer text) RETURNS TABLE (fault_pointer text, code text) LANGUAGE sql STABLE AS $$
  SELECT pointer || '/' || pointer_token(said.tag), 'unknown_language'
    FROM jsonb_object_keys(texts) AS said(tag)
   WHERE NOT EXISTS (SELECT FROM language l WHERE l.tag = said.tag)
$$;

CREATE OR REPLACE FUNCTION refuse_bad_place(content uuid, entry jsonb) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  PERFORM refuse_faults((
    SELECT jsonb_agg(jsonb_build_object('pointer', f.pointer, 'code', f.code) ORDER BY f.pointer)
      FROM (SELECT '/category' AS pointer, 'unknown_category' AS code
             WHERE NOT EXISTS (SELECT FROM place_category k WHERE k.code = entry ->> 'category')
             UNION ALL
            SELECT '/' || x.missing, 'required'
              FROM (VALUES ('latitude', 'longitude'), ('longitude', 'latitude')) AS x(there, missing)
             WHERE entry ->> x.there IS NOT NULL AND entry ->> x.missing IS NULL
             UNION ALL
            SELECT t.* FROM unknown_tags(entry -> 'accessibility', '/accessibility') t
             UNION ALL
            SELECT t.* FROM jsonb_array_elements(entry -> 'contacts') WITH ORDINALITY AS c(entry, n)
             CROSS JOIN LATERAL unknown_tags(c.entry -> 'role', '/contacts/' || c.n - 1 || '/role') t
             UNION ALL
            SELECT '/contacts/' || c.n - 1 || '/key', CASE WHEN c.times > 1 THEN 'not_unique' ELSE 'key_taken' END
              FROM (SELECT c.entry ->> 'key' AS key, c.n, row_number() OVER (PARTITION BY c.entry ->> 'key' ORDER BY c.n) AS times
                      FROM jsonb_array_elements(entry -> 'contacts') WITH ORDINALITY AS c(entry, n)) c
             WHERE c.times > 1
                OR EXISTS (SELECT FROM contact k WHERE k.key = c.key AND k.place <> refuse_bad_place.content)) f));
END
$$;

-- Coordinates to a decimetre; hours whole, as they are stored.
CREATE OR REPLACE FUNCTION set_place(content uuid, entry jsonb) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  old   place;
  new   place;
  known jsonb := part_of('place', content);
BEGIN
  PERFORM refuse_bad_place(content, entry);
  SELECT p.* INTO old FROM place p WHERE p.content = set_place.content;
  new.content := content;
  new.spoken_languages := '{}';
  new.open_on_holidays := false;
  new.temporarily_closed := false;
  new.accessibility := '{}';
  new := jsonb_populate_record(new, entry - 'content');
  new.latitude := round(new.latitude::numeric, 6);
  new.longitude := round(new.longitude::numeric, 6);
  PERFORM refuse_bad_hours(new.opening_hours);
  new.opening_hours := opening_hours_of(new.opening_hours);
  IF old.content IS NULL THEN
    INSERT INTO place SELECT new.*;
  ELSE
    UPDATE place p SET
      (category, street, postcode, town, latitude, longitude, phone, email, website, opening_hours, open_on_holidays, temporarily_closed,
       appointment, appointment_url, spoken_languages, wheelchair, accessibility)
      = (new.category, new.street, new.postcode, new.town, new.latitude, new.longitude, new.phone, new.email, new.website,
         new.opening_hours, new.open_on_holidays, new.temporarily_closed, new.appointment, new.appointment_url, new.spoken_languages,
         new.wheelchair, new.accessibility)
     WHERE p.content = set_place.content AND old IS DISTINCT FROM new;
  END IF;
  IF without_empty(coalesce(entry -> 'contacts', '[]')) <> without_empty(coalesce(known -> 'contacts', '[]')) THEN
    DELETE FROM contact n WHERE n.place = set_place.content;
    INSERT INTO contact (key, place, position, role, phone, email, website, spoken_languages)
    SELECT c.entry ->> 'key', set_place.content, c.n, c.entry -> 'role', c.entry ->> 'phone', c.entry ->> 'email', c.entry ->> 'website',
           words_of(c.entry -> 'spoken_languages')
      FROM jsonb_array_elements(entry -> 'contacts') WITH ORDINALITY AS c(entry, n)
        ON CONFLICT ON CONSTRAINT contact_pkey DO NOTHING;
    PERFORM refuse_bad_place(content, entry); -- another place took a key at this moment
    RETURN true;
  END IF;
  RETURN old IS DISTINCT FROM new;
END
$$;

-- A city's editors show news in other cities only where they look after those, too; what is there already may stay.
CREATE OR REPLACE FUNCTION set_news(content uuid, entry jsonb) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  old news;
  new news;
BEGIN
  SELECT n.* INTO old FROM news n WHERE n.content = set_news.content;
  new := ROW(content, words_of(entry -> 'cities'), date_trunc('second', (entry ->> 'publishes_at')::timestamptz),
             date_trunc('second', (entry ->> 'expires_at')::timestamptz))::news;
  PERFORM refuse_faults((
    SELECT jsonb_agg(jsonb_build_object('pointer', f.pointer, 'code', f.code, 'limit', f.said) ORDER BY f.pointer)
      FROM (SELECT '/expires_at' AS pointer, 'not_after' AS code, 'publishes_at' AS said WHERE new.expires_at <= new.publishes_at
             UNION ALL
            SELECT '/cities/' || c.n - 1, 'other_desk', c.city
              FROM unnest(new.cities) WITH ORDINALITY AS c(city, n)
             WHERE current_user = 'welcome' AND c.city <> ALL (my_desks() || coalesce(old.cities, '{}'))) f));
  IF old.content IS NULL THEN
    INSERT INTO news SELECT new.*;
  ELSE
    UPDATE news n SET (cities, publishes_at, expires_at) = (new.cities, new.publishes_at, new.expires_at)
     WHERE n.content = set_news.content AND old IS DISTINCT FROM new;
  END IF;
  RETURN old IS DISTINCT FROM new;
END
$$;

-- Its times were checked by the program, which brings the occurrences along (set_occurrences()).
CREATE OR REPLACE FUNCTION set_event(content uuid, entry jsonb) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  old event;
  new event;
BEGIN
  SELECT e.* INTO old FROM event e WHERE e.content = set_event.content;
  new := ROW(content, (entry ->> 'starts')::timestamp, (entry ->> 'ends')::timestamp, coalesce((entry ->> 'all_day')::boolean, false),
             entry ->> 'rrule', words_of(entry -> 'exdates')::timestamp[], coalesce(old.expanded_to, '-infinity'),
             (entry ->> 'place')::uuid, entry ->> 'meeting_url')::event;
  IF old.content IS NULL THEN
    INSERT INTO event SELECT new.*;
  ELSE
    UPDATE event e SET (starts, ends, all_day, rrule, exdates, place, meeting_url)
                       = (new.starts, new.ends, new.all_day, new.rrule, new.exdates, new.place, new.meeting_url)
     WHERE e.content = set_event.content AND old IS DISTINCT FROM new;
  END IF;
  RETURN old IS DISTINCT FROM new;
END
$$;

CREATE OR REPLACE FUNCTION set_story(content uuid, entry jsonb) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  old story;
  new story;
BEGIN
  SELECT s.* INTO old FROM story s WHERE s.content = set_story.content;
  new := ROW(content, entry ->> 'teller', words_of(entry -> 'speaks'), coalesce((entry ->> 'fictional')::boolean, false))::story;
  IF old.content IS NULL THEN
    INSERT INTO story SELECT new.*;
  ELSE
    UPDATE story s SET (teller, speaks, fictional) = (new.teller, new.speaks, new.fictional)
     WHERE s.content = set_story.content AND old IS DISTINCT FROM new;
  END IF;
  RETURN old IS DISTINCT FROM new;
END
$$;

-- Writes the part of a thing that is there: whether that changed anything. What is wrong with it is raised.
CREATE OR REPLACE FUNCTION set_part(kind text, content uuid, entry jsonb) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  RETURN CASE kind WHEN 'place' THEN set_place(content, entry)
                   WHEN 'news' THEN set_news(content, entry)
                   WHEN 'event' THEN set_event(content, entry)
                   WHEN 'story' THEN set_story(content, entry)
                   ELSE false END;
END
$$;

-- A new thing as an editor sends it, without texts. Without a position it comes last of its kind.
CREATE OR REPLACE FUNCTION make_content(id uuid, kind text, entry jsonb) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  PERFORM refuse_unknown_media(entry ->> 'thumbnail', words_of(entry -> 'attachments'));
  PERFORM refuse_unknown_links(NULL, NULL, (entry ->> 'office')::uuid, NULL);
  INSERT INTO content (id, kind, key, position, city, topics, audiences, office, review_due_on, thumbnail)
  VALUES (make_content.id, make_content.kind, entry ->> 'key',
          coalesce((entry ->> 'position')::integer,
                   (SELECT coalesce(max(c.position), 0) + 1 FROM content c WHERE c.kind = make_content.kind)),
          entry ->> 'city', words_of(entry -> 'topics'), words_of(entry -> 'audiences'), (entry ->> 'office')::uuid,
          (entry ->> 'review_due_on')::date, entry ->> 'thumbnail')
      ON CONFLICT ON CONSTRAINT content_kind_key_key DO NOTHING;
  IF NOT FOUND THEN
    PERFORM problem('duplicate', '[{"pointer":"/key","code":"key_taken"}]');
  END IF;
  PERFORM set_part(make_content.kind, make_content.id, entry);
  PERFORM set_attachments(make_content.id, words_of(entry -> 'attachments'));
END
$$;

-- Only the members sent change (RFC 7396). Call lock_for_content() first.
CREATE OR REPLACE FUNCTION change_content(id uuid, kind text, entry jsonb) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  attachments text[] := CASE WHEN entry ? 'attachments' THEN words_of(entry -> 'attachments') END;
BEGIN
  PERFORM refuse_unknown_media(entry ->> 'thumbnail', attachments);
  PERFORM refuse_unknown_links(NULL, NULL, (entry ->> 'office')::uuid, NULL);
  UPDATE content c
     SET position = coalesce((entry ->> 'position')::integer, c.position),
         city = CASE WHEN entry ? 'city' THEN entry ->> 'city' ELSE c.city END,
         topics = CASE WHEN entry ? 'topics' THEN words_of(entry -> 'topics') ELSE c.topics END,
         audiences = CASE WHEN entry ? 'audiences' THEN words_of(entry -> 'audiences') ELSE c.audiences END,
         office = CASE WHEN entry ? 'office' THEN (entry ->> 'office')::uuid ELSE c.office END,
         review_due_on = CASE WHEN entry ? 'review_due_on' THEN (entry ->> 'review_due_on')::date ELSE c.review_due_on END,
         thumbnail = CASE WHEN entry ? 'thumbnail' THEN entry ->> 'thumbnail' ELSE c.thumbnail END
   WHERE c.id = change_content.id;
  PERFORM set_part(kind, id, merge_patch(part_of(kind, id), entry));
  PERFORM set_attachments(id, attachments);
END
$$;
