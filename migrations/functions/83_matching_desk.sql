-- SPDX-License-Identifier: EUPL-1.2
-- What coordinators see and set of the matching: rounds, points, pins and forbids, scarcity, figures.

-- Rounds are about everybody.
CREATE OR REPLACE FUNCTION sees_rounds() RETURNS boolean LANGUAGE sql STABLE AS $$ SELECT '*' = ANY (my_cities()) OR is_admin() $$;

-- Whoever asked for a round that has just run.
CREATE OR REPLACE FUNCTION claim_round(round uuid) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  PERFORM require(sees_rounds(), 'forbidden');
  UPDATE matching_round r SET started_by = me() WHERE r.id = claim_round.round AND r.started_by IS NULL;
  PERFORM record('matching_round', 'matching_round', claim_round.round, NULL);
END
$$;

-- The asks of a round as they stand, with the terms they were made for.
CREATE OR REPLACE FUNCTION round_proposals(round uuid) RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  RETURN (
    SELECT coalesce(jsonb_agg(jsonb_build_object('id', p.id, 'state', p.state, 'guide_request', jsonb_build_object('id', p.request),
                                                 'guide', jsonb_build_object('id', p.guide), 'score', p.score, 'second_best', p.second_best,
                                                 'explanation', p.terms) ORDER BY p.request), '[]')
      FROM proposal p WHERE p.round = $1 AND sees_rounds());
END
$$;

-- New points: the next version, which every round from now on uses.
CREATE OR REPLACE FUNCTION create_weights(id uuid, form jsonb) RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  w weights;
BEGIN
  PERFORM require(sees_rounds(), 'forbidden');
  LOCK TABLE weights IN SHARE ROW EXCLUSIVE MODE;
  w := jsonb_populate_record(NULL::weights, form || jsonb_build_object('least_level', level_rank(form ->> 'least_level')));
  w.id := create_weights.id;
  w.version := (SELECT max(x.version) + 1 FROM weights x);
  w.created_at := clock();
  w.created_by := me();
  INSERT INTO weights SELECT w.*;
  PERFORM record('create_weights', 'weights', create_weights.id, NULL, form || jsonb_build_object('version', w.version));
  RETURN w.version;
END
$$;

-- A second pin of a request takes the place of the first; a forbidden pair's proposal that waits for one of
-- them is cancelled. The trail tells who and whom; the reason, which may say more, goes with the pair.
CREATE OR REPLACE FUNCTION set_override(request uuid, guide uuid, kind text, reason text) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  PERFORM require(EXISTS (SELECT FROM guide_request r
                           WHERE r.id = set_override.request AND r.handled_by = ANY (my_cities()) AND r.state <> 'unverified'), 'not_found');
  PERFORM require(EXISTS (SELECT FROM guide g WHERE g.id = set_override.guide AND g.cities && my_cities() AND g.state <> 'unverified')
                  OR EXISTS (SELECT FROM public_guide g WHERE g.id = set_override.guide)
                  OR EXISTS (SELECT FROM eligible e WHERE e.request = set_override.request AND e.guide = set_override.guide)
                  OR EXISTS (SELECT FROM proposal p WHERE p.request = set_override.request AND p.guide = set_override.guide), 'not_found');
  PERFORM lock_request_and_guides(set_override.request);
  PERFORM require(r.state <> 'closed', 'conflict_state') FROM guide_request r WHERE r.id = set_override.request;
  DELETE FROM matching_override o
   WHERE o.request = set_override.request AND (o.guide = set_override.guide OR set_override.kind = 'pin' AND o.kind = 'pin');
  INSERT INTO matching_override (request, guide, kind, reason, made_by)
  VALUES (set_override.request, set_override.guide, set_override.kind, set_override.reason, me());
  UPDATE proposal p SET state = 'cancelled'
   WHERE set_override.kind = 'forbid' AND p.request = set_override.request AND p.guide = set_override.guide
     AND p.state IN ('open', 'awaiting_newcomer');
  PERFORM record('matching_' || set_override.kind, 'guide_request', set_override.request, nullif(r.handled_by, '*'),
                 jsonb_build_object('guide', set_override.guide))
     FROM guide_request r WHERE r.id = set_override.request;
  PERFORM pg_notify('welcome', 'matching');
END
$$;

CREATE OR REPLACE FUNCTION lift_override(request uuid, guide uuid) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  DELETE FROM matching_override o
   USING guide_request r
   WHERE o.request = lift_override.request AND o.guide = lift_override.guide AND r.id = o.request AND r.handled_by = ANY (my_cities());
  PERFORM require(FOUND, 'not_found');
  PERFORM record('matching_lift', 'guide_request', lift_override.request, NULL, jsonb_build_object('guide', lift_override.guide));
  PERFORM pg_notify('welcome', 'matching');
END
$$;

-- Why the others who share a language are no candidates. Of guides of other cities nothing is counted.
CREATE OR REPLACE FUNCTION others_of(request uuid) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
  SELECT coalesce(jsonb_object_agg(x.reason, x.guides), '{}')
    FROM (SELECT s.reason, count(*) AS guides
            FROM guide_request r CROSS JOIN LATERAL stops_of(ARRAY[r.id], my_cities()) s
           WHERE r.id = others_of.request AND r.handled_by = ANY (my_cities()) AND s.reason <> 'taken'
           GROUP BY 1) x
$$;

-- Where guides are missing most: by the newcomers' first language and city, of the last year; how many ask is told from five on.
CREATE OR REPLACE FUNCTION scarcity()
RETURNS TABLE (language text, city text, requests bigint, waiting bigint, guides bigint, places bigint, price integer)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
  SELECT d.language, d.city, CASE WHEN d.requests >= 5 THEN d.requests END, CASE WHEN d.waiting >= 5 THEN d.waiting END,
         s.guides, s.places, s.price
    FROM (SELECT r.languages -> 0 ->> 'tag' AS language, r.city, count(*) AS requests, count(*) FILTER (WHERE r.state = 'open') AS waiting
            FROM guide_request r
           WHERE r.state <> 'unverified' AND r.created_at > clock() - interval '1 year'
           GROUP BY 1, 2) d
    LEFT JOIN city c ON c.slug = d.city
   CROSS JOIN weights_now() w
   CROSS JOIN LATERAL (
         SELECT count(*) AS guides, coalesce(sum(greatest(g.capacity - g.load, 0)), 0) AS places, coalesce(avg(p.price), 0)::integer AS price
           FROM guide_language l
           JOIN guide g ON g.id = l.guide
           LEFT JOIN guide_price p ON p.guide = g.id AND p.version = (SELECT max(x.version) FROM price_table x)
          WHERE l.language = d.language AND l.rank >= w.least_level AND g.state = 'active'
            AND (d.city = ANY (g.serves) OR d.city IS NULL AND g.remote OR g.neighbours AND c.neighbours && g.serves)) s
   WHERE sees_rounds()
   ORDER BY s.places > 0, 4 DESC NULLS LAST, s.price DESC, 3 DESC NULLS LAST, 1, 2 NULLS LAST
$$;

-- How the matching does: of requests confirmed in these days; shares and waits are null under five requests.
CREATE OR REPLACE FUNCTION matching_metrics(days integer)
RETURNS TABLE (requests bigint, matched bigint, matched_share double precision, within_7_days_share double precision, median_wait_days double precision,
               p90_wait_days double precision, asks_per_match double precision, guides bigint, guides_asked_4_times bigint,
               load_gini double precision, idle_share double precision, rounds bigint, asked bigint, changed_meanwhile bigint, last_round_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
  SELECT r.requests, r.matched, CASE WHEN r.requests >= 5 THEN r.matched::float / r.requests END,
         CASE WHEN r.requests >= 5 THEN r.quick::float / r.requests END, CASE WHEN r.matched >= 5 THEN r.median END,
         CASE WHEN r.matched >= 5 THEN r.p90 END, CASE WHEN r.matched >= 5 THEN r.asks::float / r.matched END,
         g.guides, g.often, CASE WHEN g.guides >= 5 AND g.load > 0 THEN 2 * g.ranked / (g.guides * g.load) - (g.guides + 1.0) / g.guides END,
         CASE WHEN g.guides >= 5 THEN g.idle::float / g.guides END, n.rounds, n.asked, n.changed, n.last
    FROM (SELECT count(*) AS requests, count(m.wait) AS matched, count(*) FILTER (WHERE m.wait <= 7) AS quick,
                 percentile_cont(0.5) WITHIN GROUP (ORDER BY m.wait) AS median, percentile_cont(0.9) WITHIN GROUP (ORDER BY m.wait) AS p90,
                 coalesce(sum(m.asks) FILTER (WHERE m.wait IS NOT NULL), 0) AS asks
            FROM guide_request q
           CROSS JOIN LATERAL (
                 SELECT min(extract(epoch FROM x.since - q.created_at)) / 86400 AS wait,
                        (SELECT count(*) FROM proposal p WHERE p.request = q.id) AS asks
                   FROM match x WHERE x.request = q.id) m
           WHERE q.state <> 'unverified' AND q.created_at > clock() - make_interval(days => matching_metrics.days)) r
   CROSS JOIN (SELECT count(*) AS guides, sum(x.load)::float AS load, sum(x.load * x.n)::float AS ranked,
                      count(*) FILTER (WHERE x.load = 0 AND x.asks = 0) AS idle, count(*) FILTER (WHERE x.asks >= 4) AS often
                 FROM (SELECT a.load, row_number() OVER (ORDER BY a.load) AS n,
                              (SELECT count(*) FROM proposal p WHERE p.guide = a.id AND p.asked_at > clock() - interval '30 days') AS asks
                         FROM guide a WHERE a.state = 'active') x) g
   CROSS JOIN (SELECT count(*) AS rounds, coalesce(sum(x.proposed), 0) AS asked, coalesce(sum(x.placed - x.proposed), 0) AS changed,
                      max(x.finished_at) AS last
                 FROM matching_round x WHERE x.finished_at > clock() - make_interval(days => matching_metrics.days)) n
   WHERE sees_rounds()
$$;
