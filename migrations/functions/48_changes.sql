-- SPDX-License-Identifier: EUPL-1.2
-- The feed of changes. A row says no more than "something about this changed in that transaction"; what a reader gets of it is worked
-- out when it is read. So nothing can be written down wrongly, and whoever reads late gets the latest.

-- Which database this is: a dump in another cluster, or a log replayed up to some moment, begins to count its transactions anew,
-- and places in the feed from before mean nothing there.
CREATE OR REPLACE FUNCTION change_history() RETURNS text LANGUAGE sql STABLE AS $$
  SELECT left(md5(concat_ws(' ', (SELECT system_identifier FROM pg_control_system()),
                            (SELECT d.oid FROM pg_database d WHERE d.datname = current_database()),
                            left(pg_walfile_name(pg_current_wal_lsn()), 8))), 8)
$$;

-- The cities whose readers get a thing ('*': everybody). News of the region may be for some cities only, a city's also for others.
CREATE OR REPLACE FUNCTION reach_of(city text, news_cities text[]) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN news_cities <> '{}' THEN array_remove(news_cities || city, NULL) ELSE ARRAY[coalesce(city, '*')] END
$$;

-- Moves the things' rows to this transaction. Always in the same order, since others may be moving the same.
CREATE OR REPLACE FUNCTION change_touch(things uuid[]) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  INSERT INTO change AS old (content, language, kind, scopes, xid, at, turns_at)
  SELECT c.id, l.language, c.kind, now.reach, pg_current_xact_id(), clock(), now.turns_at
    FROM content c
    LEFT JOIN news n ON n.content = c.id
   CROSS JOIN LATERAL (
           SELECT reach_of(c.city, n.cities) AS reach,
                  CASE WHEN n.publishes_at > clock() THEN n.publishes_at WHEN n.expires_at > clock() THEN n.expires_at END AS turns_at) now
   CROSS JOIN LATERAL (
           SELECT t.language FROM translation t WHERE t.content = c.id
            UNION
           SELECT x.language FROM change x WHERE x.content = c.id) l
    LEFT JOIN change done ON done.content = c.id AND done.language = l.language AND done.xid = pg_current_xact_id()
                         AND done.scopes @> now.reach AND done.turns_at IS NOT DISTINCT FROM now.turns_at
   WHERE c.id = ANY (things)
     AND done.content IS NULL
   ORDER BY c.id, l.language
      ON CONFLICT (content, language) DO UPDATE SET
         (scopes, xid, at, turns_at)
         = (ARRAY(SELECT s FROM unnest(old.scopes || EXCLUDED.scopes) AS s GROUP BY s ORDER BY s), EXCLUDED.xid, EXCLUDED.at,
            EXCLUDED.turns_at);
  UPDATE change x SET xid = pg_current_xact_id(), at = clock(), turns_at = NULL
   WHERE x.content = ANY (things)
     AND NOT EXISTS (SELECT FROM content c WHERE c.id = x.content);
END
$$;

-- Whose texts show this thing, or lead to it by its address; and the events that take place there.
CREATE OR REPLACE FUNCTION things_showing(thing uuid) RETURNS uuid[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  names text[] := ARRAY(SELECT c.kind || ':' || c.key FROM content c WHERE c.id = thing
                         UNION ALL
                        SELECT 'contact:' || c.key FROM contact c WHERE c.place = thing);
BEGIN
  RETURN ARRAY(SELECT t.content FROM translation t WHERE t.embeds <> '{}' AND t.embeds && names
                UNION
               SELECT e.content FROM event e WHERE e.place = thing);
END
$$;

-- A city's own article appears instead of the region's: that one then goes, links to it lead elsewhere, and the other way round.
CREATE OR REPLACE FUNCTION content_changed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  PERFORM change_touch(ARRAY[OLD.id]);
  IF TG_OP = 'DELETE' THEN
    PERFORM change_touch(OLD.replaces || things_showing(OLD.replaces));
    RETURN NULL;
  END IF;
  IF (NEW.shown, NEW.city, NEW.replaces) IS DISTINCT FROM (OLD.shown, OLD.city, OLD.replaces) THEN
    PERFORM change_touch(ARRAY[OLD.replaces, NEW.replaces] || things_showing(OLD.replaces) || things_showing(NEW.replaces));
  END IF;
  IF NEW.kind = 'place' OR NEW.shown <> OLD.shown THEN
    PERFORM change_touch(things_showing(NEW.id));
  END IF;
  RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION translation_changed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  of   uuid := CASE TG_OP WHEN 'DELETE' THEN OLD.content ELSE NEW.content END;
BEGIN
  PERFORM change_touch(ARRAY[of]);
  IF TG_OP <> 'UPDATE' OR NEW.slug <> OLD.slug OR NEW.title <> OLD.title THEN
    PERFORM change_touch(things_showing(of));
  END IF;
  RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION news_changed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  PERFORM change_touch(ARRAY[NEW.content]);
  RETURN NULL;
END
$$;

-- What is said about a picture or document, for all that show it. Pictures inside a text carry their own words.
CREATE OR REPLACE FUNCTION media_changed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  PERFORM change_touch(ARRAY(SELECT c.id FROM content c WHERE c.thumbnail = NEW.hash
                              UNION
                             SELECT a.content FROM attachment a WHERE a.media = NEW.hash));
  RETURN NULL;
END
$$;

-- For the job: news that appeared or expired by the clock.
CREATE OR REPLACE FUNCTION turn_changes() RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  due uuid[] := ARRAY(SELECT DISTINCT x.content FROM (SELECT y.content FROM change y WHERE y.turns_at <= clock()
                                                       ORDER BY y.turns_at LIMIT 100) x);
BEGIN
  PERFORM change_touch(due);
  RETURN cardinality(due);
END
$$;

-- For the job: a dump brought rows whose transactions have yet to come here. Nobody would get them until then.
CREATE OR REPLACE FUNCTION renumber_changes() RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  renumbered integer;
BEGIN
  UPDATE change x SET xid = pg_current_xact_id()
   WHERE (x.content, x.language) IN (SELECT y.content, y.language FROM change y WHERE y.xid >= pg_snapshot_xmax(pg_current_snapshot())
                                      ORDER BY y.content, y.language LIMIT 1000 FOR NO KEY UPDATE);
  GET DIAGNOSTICS renumbered = ROW_COUNT;
  RETURN renumbered;
END
$$;

-- What its kind has beside the texts, named as where one is read alone.
CREATE OR REPLACE FUNCTION change_part(kind text, thing uuid, language text) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN CASE kind
    WHEN 'place' THEN (
      SELECT jsonb_build_object(
               'category', jsonb_build_object('code', k.code, 'title', title_in(k.title, ARRAY[language]), 'icon', k.icon, 'color', k.color),
               'address', jsonb_build_object('street', p.street, 'postcode', p.postcode, 'town', p.town),
               'latitude', p.latitude, 'longitude', p.longitude, 'phone', p.phone, 'email', p.email, 'website', p.website,
               'opening_hours', p.opening_hours, 'open_on_holidays', p.open_on_holidays, 'temporarily_closed', p.temporarily_closed,
               'appointment', p.appointment, 'appointment_url', p.appointment_url, 'spoken_languages', p.spoken_languages,
               'wheelchair', p.wheelchair,
               'accessibility', title_in(p.accessibility, ARRAY[language, 'de', 'en'] || ARRAY(SELECT jsonb_object_keys(p.accessibility))),
               'contacts', (
                 SELECT coalesce(jsonb_agg(jsonb_build_object(
                          'key', n.key, 'role', title_in(n.role, ARRAY[language, 'de', 'en'] || ARRAY(SELECT jsonb_object_keys(n.role))),
                          'phone', n.phone, 'email', n.email, 'website', n.website, 'spoken_languages', n.spoken_languages)
                          ORDER BY n.position), '[]')
                   FROM contact n
                  WHERE n.place = p.content))
        FROM place p JOIN place_category k ON k.code = p.category WHERE p.content = thing)
    WHEN 'news' THEN (
      SELECT jsonb_build_object('cities', n.cities, 'publishes_at', rfc3339(n.publishes_at), 'expires_at', rfc3339(n.expires_at))
        FROM news n WHERE n.content = thing)
    WHEN 'event' THEN (
      SELECT jsonb_build_object(
               'starts', local_time(e.starts), 'ends', local_time(e.ends), 'starts_at', rfc3339(in_berlin(e.starts)),
               'ends_at', rfc3339(occurrence_end(in_berlin(e.starts), e.ends, e.ends - e.starts)), 'all_day', e.all_day, 'rrule', e.rrule,
               'exdates', local_times(e.exdates), 'occurrences', coming_occurrences(e.content),
               'place', place_of(e.place, ARRAY[language, 'de', 'en']), 'meeting_url', e.meeting_url)
        FROM event e WHERE e.content = thing)
    WHEN 'story' THEN (
      SELECT to_jsonb(s) - 'content' FROM story s WHERE s.content = thing)
    ELSE (
      SELECT jsonb_build_object('parent', c.parent, 'position', c.position, 'replaces', c.replaces, 'stages', c.stages,
                                'related', c.related, 'office', c.office)
        FROM content c WHERE c.id = thing) END;
END
$$;

-- All a client needs to show the text on its own; other things by their ids.
CREATE OR REPLACE FUNCTION change_object(thing uuid, language text, city text, languages text[]) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (
    SELECT jsonb_build_object(
             'id', c.id, 'slug', t.slug, 'title', t.title, 'summary', t.summary,
             'body_html', with_embeds(t.body_html, t.embeds, t.language || change_object.languages, change_object.city),
             'body_text', text_with_embeds(t.body_text, t.embeds, t.language || change_object.languages),
             'thumbnail', CASE WHEN c.thumbnail IS NOT NULL THEN media_of(c.thumbnail, t.language || change_object.languages) END,
             'attachments', CASE WHEN EXISTS (SELECT FROM attachment a WHERE a.content = c.id)
                                 THEN attachments_of(c.id, t.language || change_object.languages) ELSE '[]' END,
             'city', c.city, 'topics', c.topics, 'audiences', c.audiences, 'reviewed_on', c.reviewed_on,
             'updated_at', rfc3339(t.published_at), 'sources', t.sources, 'provenance', t.provenance, 'translations', (
               SELECT jsonb_agg(jsonb_build_object('language', o.language, 'slug', o.slug, 'title', o.title, 'state', o.state)
                                ORDER BY l.position)
                 FROM published_translation o
                 JOIN language l ON l.tag = o.language
                WHERE o.content = c.id))
           || change_part(c.kind, c.id, t.language)
      FROM content c
      JOIN published_translation t ON t.content = c.id
     WHERE c.id = thing
       AND t.language = change_object.language);
END
$$;
