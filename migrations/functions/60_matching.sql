-- SPDX-License-Identifier: EUPL-1.2
-- The hard rules, stated twice on purpose: broken_rules() from the source tables for one pair, eligible from the columns kept for
-- speed for all pairs of a request. A test compares them; so do the points and the terms, which must add up.

-- The points that count: the newest version, or what a dry run of the worker tries in its place (version null). Not who set them.
CREATE OR REPLACE FUNCTION weights_now() RETURNS weights LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  w     weights;
  tried text := current_setting('welcome.weights', true);
BEGIN
  SELECT * INTO w FROM weights x ORDER BY x.version DESC LIMIT 1;
  IF tried <> '' AND session_user <> 'welcome' THEN
    w := jsonb_populate_record(w, tried::jsonb || '{"version":null}');
  END IF;
  w.created_by := NULL;
  RETURN w;
END
$$;

-- Every verification that the home city requires, none of them run out.
CREATE OR REPLACE FUNCTION is_verified(guide uuid) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  RETURN (
    SELECT NOT EXISTS (SELECT FROM guide g JOIN city c ON c.slug = g.home_city, unnest(c.required_verifications) AS required(kind)
                        WHERE g.id = $1
                          AND NOT EXISTS (SELECT FROM guide_verification v
                                           WHERE v.guide = g.id AND v.kind = required.kind
                                             AND (v.valid_until IS NULL OR v.valid_until >= clock()::date))));
END
$$;

-- Every rule H1-H7 that this pair breaks, in order; '{}' when none.
CREATE OR REPLACE FUNCTION broken_rules(request uuid, guide uuid) RETURNS text[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  RETURN (
    SELECT array_remove(ARRAY[
           CASE WHEN NOT (g.state = 'active' AND is_verified(g.id)
                          AND g.capacity > (SELECT count(*) FROM match m WHERE m.guide = g.id AND m.state = 'active')
                                         + (SELECT count(*) FROM proposal p WHERE p.guide = g.id AND p.state IN ('open', 'awaiting_newcomer')))
                THEN 'H1' END,
           CASE WHEN NOT EXISTS (SELECT FROM jsonb_array_elements(r.languages) a, jsonb_array_elements(g.languages) b
                                  WHERE level_rank(a ->> 'level') >= w.least_level AND level_rank(b ->> 'level') >= w.least_level
                                    AND (a ->> 'tag' = b ->> 'tag'
                                         OR (a ->> 'tag', b ->> 'tag') IN (SELECT x.a, x.b FROM related_language x)))
                THEN 'H2' END,
           CASE WHEN NOT EXISTS (SELECT FROM guide_city s
                                  WHERE s.guide = g.id AND s.approved
                                    AND (s.city = r.city
                                         OR g.neighbours AND r.neighbours
                                            AND EXISTS (SELECT FROM city c WHERE c.slug = r.city AND s.city = ANY (c.neighbours))))
                     AND NOT (g.remote AND r.remote)
                THEN 'H3' END,
           CASE WHEN EXISTS (SELECT FROM block b WHERE b.newcomer = r.account AND b.guide = g.account AND b.rule = 'H4')
                     OR (SELECT count(*) > 1 OR max(p.expires_at) > clock() - interval '14 days' FROM proposal p
                          WHERE p.request_account = r.account AND p.guide_account = g.account AND p.state = 'expired')
                THEN 'H4' END,
           CASE WHEN EXISTS (SELECT FROM block b WHERE b.newcomer = r.account AND b.guide = g.account AND b.rule = 'H5')
                     OR EXISTS (SELECT FROM matching_override o WHERE o.request = r.id AND o.guide = g.id AND o.kind = 'forbid')
                     OR EXISTS (SELECT FROM own_block b WHERE (b.blocker, b.blocked) IN ((r.account, g.account), (g.account, r.account)))
                     OR EXISTS (SELECT FROM report x WHERE x.reported IN (r.account, g.account) AND x.state = 'open')
                     OR r.account = g.account
                     OR r.guide_gender_must AND r.guide_gender IS NOT NULL AND g.gender IS DISTINCT FROM r.guide_gender
                THEN 'H5' END,
           CASE WHEN r.state NOT IN ('open', 'proposed')
                     OR EXISTS (SELECT FROM match m WHERE m.request = r.id AND m.state = 'active')
                     OR (SELECT count(*) > 1 OR coalesce(bool_or(p.guide = g.id OR p.state = 'awaiting_newcomer'), false)
                           FROM proposal p WHERE p.request = r.id AND p.state IN ('open', 'awaiting_newcomer'))
                THEN 'H6' END,
           CASE WHEN (SELECT count(*) FROM proposal p WHERE p.guide = g.id AND p.asked_at > clock() - interval '30 days') >= g.asks_per_month
                THEN 'H7' END], NULL)
      FROM guide_request r, guide g, weights_now() w
     WHERE r.id = broken_rules.request AND g.id = broken_rules.guide);
END
$$;

CREATE OR REPLACE FUNCTION broken_rule(request uuid, guide uuid) RETURNS text LANGUAGE sql STABLE AS
$$ SELECT (broken_rules(request, guide))[1] $$;

-- All pairs that keep H1-H7, with their points; every reader names the request. tie: below one point, in no stored score.
-- What depends on the request alone is grouped by it: computed once and not for each guide, and `WHERE request =` still gets inside.
CREATE VIEW eligible AS
SELECT r.id AS request, r.handled_by, g.id AS guide, g.display_name, g.story, g.languages, g.cities, g.serves, g.audiences, g.topics,
       g.load, g.capacity, (r.w).version AS weights, reach.how AS reach, asks_since(g.recent_asks, r.month_ago) AS asks,
       least(g.capacity - g.load, g.asks_per_month - asks_since(g.recent_asks, r.month_ago)) AS places, coalesce(worth.price, 0) AS price, p.*,
       p.language_points + p.city_points + p.preferred_points + p.audience_points + p.topics_points + p.gender_points
         + p.load_points + p.recent_points + p.price_points AS score,
       (uuid_hash_extended(g.id, uuid_hash(r.id)) & 1023)::integer AS tie
  FROM (SELECT r.id, r.handled_by, r.account, r.city, r.neighbours, r.remote, r.audience, r.topic_bits, r.preferred_guide,
               r.guide_gender, r.guide_gender_must, c.neighbours AS near, clock() - interval '30 days' AS month_ago, w,
               (SELECT max(x.version) FROM price_table x) AS prices,
               ARRAY(SELECT x.slug FROM city x WHERE x.required_verifications = '{}') AS cities_without_proof,
               ARRAY(SELECT x.reported FROM report x WHERE x.state = 'open') AS held,
               ARRAY(SELECT b.guide FROM block b WHERE b.newcomer = r.account
                     UNION ALL
                     SELECT b.blocked FROM own_block b WHERE b.blocker = r.account
                     UNION ALL
                     SELECT b.blocker FROM own_block b WHERE b.blocked = r.account
                     UNION ALL
                     SELECT f.account FROM matching_override o JOIN guide f ON f.id = o.guide WHERE o.request = r.id AND o.kind = 'forbid'
                     UNION ALL
                     SELECT o.guide_account FROM proposal o WHERE o.request = r.id AND o.state IN ('open', 'awaiting_newcomer')
                     UNION ALL
                     SELECT o.guide_account FROM proposal o WHERE o.request_account = r.account AND o.state = 'expired'
                      GROUP BY o.guide_account HAVING count(*) > 1 OR max(o.expires_at) > clock() - interval '14 days') AS not_these
          FROM guide_request r
         CROSS JOIN weights_now() w
          LEFT JOIN city c ON c.slug = r.city
         WHERE r.state IN ('open', 'proposed')
           AND (SELECT count(*) FROM proposal o WHERE o.request = r.id AND o.state = 'open') < 2
           AND NOT EXISTS (SELECT FROM report x WHERE x.reported = r.account AND x.state = 'open')
         GROUP BY r.id, w, c.slug) r
 CROSS JOIN LATERAL (
       SELECT s.guide, max(wanted.points + (r.w).level * (least(wanted.rank, s.rank, 6) - (r.w).least_level)) AS points
         FROM (SELECT l.language, l.rank, (r.w).language[least(l.position, 4)] AS points
                 FROM guide_request_language l WHERE l.request = r.id
               UNION ALL
               SELECT x.b, l.rank, (r.w).language[4]
                 FROM guide_request_language l JOIN related_language x ON x.a = l.language WHERE l.request = r.id) wanted
         JOIN guide_language s ON s.language = wanted.language
        WHERE wanted.rank >= (r.w).least_level AND s.rank >= (r.w).least_level
        GROUP BY s.guide) spoken
  JOIN guide g ON g.id = spoken.guide
  LEFT JOIN guide_price worth ON worth.version = r.prices AND worth.guide = g.id
 CROSS JOIN LATERAL (
       SELECT CASE WHEN r.city = ANY (g.serves) THEN 'same'
                   WHEN g.neighbours AND r.neighbours AND r.near && g.serves THEN 'near'
                   WHEN g.remote AND r.remote THEN 'remote' END AS how) reach
 CROSS JOIN LATERAL (
       SELECT spoken.points AS language_points,
              CASE reach.how WHEN 'same' THEN (r.w).city_same WHEN 'near' THEN (r.w).city_near ELSE (r.w).city_remote END AS city_points,
              CASE WHEN g.id = r.preferred_guide THEN (r.w).preferred ELSE 0 END AS preferred_points,
              CASE WHEN r.audience = ANY (g.audiences) THEN (r.w).audience ELSE 0 END AS audience_points,
              (r.w).topic * least((r.w).topics_most, bit_count(r.topic_bits & g.topic_bits)::integer) AS topics_points,
              CASE WHEN g.gender = r.guide_gender THEN (r.w).gender ELSE 0 END AS gender_points,
              - ((r.w).load * g.load / g.capacity) AS load_points,
              - (r.w).recent * asks_since(g.recent_asks, r.month_ago) AS recent_points,
              - ((r.w).price_percent * coalesce(worth.price, 0) / 100) AS price_points) p
 WHERE g.state = 'active' AND g.load < g.capacity
   AND coalesce(g.recent_asks[g.asks_per_month] <= r.month_ago, true)
   AND reach.how IS NOT NULL
   AND g.account <> r.account AND g.account <> ALL (r.not_these) AND g.account <> ALL (r.held)
   AND (NOT r.guide_gender_must OR r.guide_gender IS NULL OR g.gender = r.guide_gender)
   AND (g.home_city = ANY (r.cities_without_proof)
        OR NOT EXISTS (SELECT FROM city home, unnest(home.required_verifications) AS required(kind)
                        WHERE home.slug = g.home_city
                          AND NOT EXISTS (SELECT FROM guide_verification v
                                           WHERE v.guide = g.id AND v.kind = required.kind
                                             AND (v.valid_until IS NULL OR v.valid_until >= clock()::date))));

-- The stored explanation: [{"criterion","points", figures...}], no term of zero points.
CREATE OR REPLACE FUNCTION terms_of(e eligible) RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp SET plan_cache_mode = force_generic_plan AS $$
BEGIN
  RETURN (SELECT jsonb_agg(jsonb_build_object('criterion', t.criterion, 'points', t.points) || t.figures ORDER BY t.n)
    FROM guide_request r
    JOIN guide g ON g.id = e.guide
   CROSS JOIN weights_now() w
   CROSS JOIN LATERAL (
         SELECT has ->> 'tag' AS language, wants.value ->> 'tag' <> has ->> 'tag' AS related, k.rank, level_name(k.level) AS level,
                w.language[k.rank] AS base, w.level * (least(k.level, 6) - w.least_level) AS bonus
           FROM jsonb_array_elements(r.languages) WITH ORDINALITY AS wants(value, n)
          CROSS JOIN jsonb_array_elements(g.languages) AS has
          CROSS JOIN LATERAL (SELECT CASE WHEN wants.value ->> 'tag' = has ->> 'tag' THEN least(wants.n, 4)::integer ELSE 4 END AS rank,
                                     least(level_rank(wants.value ->> 'level'), level_rank(has ->> 'level')) AS level) k
          WHERE k.level >= w.least_level
            AND (wants.value ->> 'tag' = has ->> 'tag'
                 OR EXISTS (SELECT FROM related_language x WHERE x.a = wants.value ->> 'tag' AND x.b = has ->> 'tag'))
          ORDER BY w.language[k.rank] + w.level * least(k.level, 6) DESC, wants.n, 1 LIMIT 1) l
    LEFT JOIN city c ON c.slug = r.city
   CROSS JOIN LATERAL (VALUES
         (1, 'preferred', e.preferred_points, jsonb '{}'),
         (2, 'language', e.language_points,
          jsonb_build_object('language', l.language, 'level', l.level, 'rank', l.rank, 'related', l.related,
                             'base', l.base, 'bonus', l.bonus)),
         (3, 'city', e.city_points,
          jsonb_build_object('reach', e.reach, 'city',
                             CASE e.reach WHEN 'same' THEN r.city
                                          WHEN 'near' THEN (SELECT s FROM unnest(g.serves) AS s WHERE s = ANY (c.neighbours) LIMIT 1)
                                          ELSE g.home_city END)),
         (4, 'audience', e.audience_points, jsonb_build_object('audience', r.audience)),
         (5, 'topics', e.topics_points,
          jsonb_build_object('topics', ARRAY(SELECT x FROM unnest(r.topics) AS x WHERE x = ANY (g.topics)))),
         (6, 'gender', e.gender_points, '{}'),
         (7, 'load', e.load_points, jsonb_build_object('load', g.load, 'capacity', g.capacity)),
         (8, 'recent', e.recent_points, jsonb_build_object('asks', e.asks)),
         (9, 'price', e.price_points, jsonb_build_object('price', e.price))) AS t(n, criterion, points, figures)
   WHERE r.id = e.request AND t.points <> 0);
END
$$;

-- What a reader may see of an explanation: guides and the coordinators of their cities all, other coordinators the terms of load,
-- asks and price as one, so that the points still add up, newcomers nothing.
CREATE OR REPLACE FUNCTION terms_for(terms jsonb, newcomer boolean, guides_side boolean) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE SET plan_cache_mode = force_generic_plan AS $$
BEGIN
  IF newcomer THEN
    RETURN '[]';
  ELSIF guides_side THEN
    RETURN terms;
  END IF;
  RETURN (SELECT coalesce(jsonb_agg(t.value ORDER BY t.n) FILTER (WHERE NOT h.hidden), '[]')
                 || CASE WHEN bool_or(h.hidden)
                         THEN jsonb_build_array(jsonb_build_object('criterion', 'other', 'points',
                                sum((t.value ->> 'points')::integer) FILTER (WHERE h.hidden)))
                         ELSE '[]' END
            FROM jsonb_array_elements(terms) WITH ORDINALITY AS t(value, n)
           CROSS JOIN LATERAL (SELECT t.value ->> 'criterion' IN ('load', 'recent', 'price') AS hidden) h);
END
$$;

-- Does a proposal's reader stand on the guide's side: the guide, or a coordinator of one of the guide's cities?
CREATE OR REPLACE FUNCTION on_guides_side(guide uuid) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  RETURN (SELECT EXISTS (SELECT FROM guide g WHERE g.id = $1 AND (g.account = me() OR g.cities && my_cities())));
END
$$;

CREATE OR REPLACE FUNCTION explanation_of(p proposal) RETURNS jsonb LANGUAGE sql STABLE AS
$$ SELECT terms_for(p.terms, p.request_account = me(), on_guides_side(p.guide)) $$;

CREATE OR REPLACE FUNCTION score_of(p proposal) RETURNS integer LANGUAGE sql STABLE AS
$$ SELECT CASE WHEN p.request_account = me() THEN NULL ELSE p.score END $$;

-- May the reader see this request? For functions that look past the wall.
CREATE OR REPLACE FUNCTION sees_request(r guide_request) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT (r.account = me() OR r.handled_by = ANY (my_cities()) OR r.also_handled_by && my_cities()) AND r.id = coalesce(task(), r.id)
$$;

-- Open requests of the same city that wait longer, plus one; NULL for who does not wait (any more).
CREATE OR REPLACE FUNCTION queue_position(request uuid) RETURNS integer
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  RETURN (
    SELECT (SELECT count(*)::integer + 1 FROM guide_request o
             WHERE o.state = 'open' AND o.handled_by = r.handled_by AND (o.waiting_since, o.id) < (r.waiting_since, r.id))
      FROM guide_request r
     WHERE r.id = $1 AND r.state IN ('open', 'proposed', 'awaiting_newcomer') AND sees_request(r));
END
$$;

-- Median days that the last twenty matched requests waited which shared this one's first language and whose city is in reach;
-- NULL under five, so that nobody can be told apart.
CREATE OR REPLACE FUNCTION estimated_wait_days(request uuid) RETURNS integer
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  RETURN (
    SELECT CASE WHEN count(*) >= 5 THEN round(percentile_cont(0.5) WITHIN GROUP (ORDER BY last.waited_days))::integer END
      FROM (SELECT m.waited_days
              FROM guide_request r
              LEFT JOIN city c ON c.slug = r.city
              JOIN match m ON m.language = r.languages -> 0 ->> 'tag'
                          AND (m.request_city = r.handled_by OR r.neighbours AND m.request_city = ANY (c.neighbours)
                               OR r.remote AND m.request_city = '*')
             WHERE r.id = $1 AND sees_request(r)
             ORDER BY m.since DESC LIMIT 20) last);
END
$$;
