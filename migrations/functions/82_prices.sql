-- SPDX-License-Identifier: EUPL-1.2
-- Prices are learned by night from the last year: what the solver is told, and what becomes of its answer.

-- Once a night, at three where the people live; at once where there are none yet.
CREATE OR REPLACE FUNCTION prices_due() RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
  SELECT NOT EXISTS (SELECT FROM price_table p
                      WHERE p.created_at >= (date_trunc('day', (clock() AT TIME ZONE 'Europe/Berlin') - interval '3 hours')
                                             + interval '3 hours') AT TIME ZONE 'Europe/Berlin')
$$;

-- Requests of the year (the newest 5,000), and how many ask at one time: arrivals by the mean days of a match; 90 while none has ended.
CREATE OR REPLACE FUNCTION price_figures() RETURNS TABLE (requests integer, draw integer)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
  SELECT least(n.requests, 5000)::integer, greatest(1, least(5000, ceil(n.requests * coalesce(m.days, 90) / 365)))::integer
    FROM (SELECT count(*) AS requests FROM guide_request r
           WHERE r.state <> 'unverified' AND r.created_at > clock() - interval '1 year') n
   CROSS JOIN (SELECT avg(greatest(1, extract(epoch FROM m.ended_at - m.since) / 86400)) AS days FROM match m WHERE m.state = 'ended') m
$$;

-- Every pair of one of them and an active guide that keeps H2, H3 and the gender of H5, by the points that do not pass: no load, no asks,
-- no price, no wish for somebody. One without a pair has a row without a guide.
CREATE OR REPLACE FUNCTION price_pairs() RETURNS TABLE (request uuid, guide uuid, capacity integer, score integer)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
  SELECT r.id, f.guide, f.capacity, f.score
    FROM weights_now() w
   CROSS JOIN (SELECT * FROM guide_request x
                WHERE x.state <> 'unverified' AND x.created_at > clock() - interval '1 year' ORDER BY x.id DESC LIMIT 5000) r
    LEFT JOIN city c ON c.slug = r.city
    LEFT JOIN LATERAL (
         SELECT g.id AS guide, g.capacity::integer,
                spoken.points
                + CASE reach.how WHEN 'same' THEN w.city_same WHEN 'near' THEN w.city_near ELSE w.city_remote END
                + CASE WHEN r.audience = ANY (g.audiences) THEN w.audience ELSE 0 END
                + w.topic * least(w.topics_most, bit_count(r.topic_bits & g.topic_bits)::integer)
                + CASE WHEN g.gender = r.guide_gender THEN w.gender ELSE 0 END AS score
           FROM (SELECT s.guide, max(wanted.points + w.level * (least(wanted.rank, s.rank, 6) - w.least_level)) AS points
                   FROM (SELECT l.language, l.rank, w.language[least(l.position, 4)] AS points
                           FROM guide_request_language l WHERE l.request = r.id
                         UNION ALL
                         SELECT x.b, l.rank, w.language[4]
                           FROM guide_request_language l JOIN related_language x ON x.a = l.language WHERE l.request = r.id) wanted
                   JOIN guide_language s ON s.language = wanted.language
                  WHERE wanted.rank >= w.least_level AND s.rank >= w.least_level
                  GROUP BY s.guide) spoken
           JOIN guide g ON g.id = spoken.guide
          CROSS JOIN LATERAL (
                SELECT CASE WHEN r.city = ANY (g.serves) THEN 'same'
                            WHEN g.neighbours AND r.neighbours AND c.neighbours && g.serves THEN 'near'
                            WHEN g.remote AND r.remote THEN 'remote' END AS how) reach
          WHERE g.state = 'active' AND reach.how IS NOT NULL AND g.account <> r.account
            AND (NOT r.guide_gender_must OR r.guide_gender IS NULL OR g.gender = r.guide_gender)) f ON true
   ORDER BY r.id, f.guide
$$;

-- For the cold start: which active guide, with how many places, speaks which language, and how many newcomers have it as their first.
CREATE OR REPLACE FUNCTION price_speakers() RETURNS TABLE (guide uuid, capacity integer, language text, demand integer)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
  SELECT g.id, g.capacity::integer, l.language, coalesce(d.requests, 0)::integer
    FROM weights_now() w
   CROSS JOIN guide g
    JOIN guide_language l ON l.guide = g.id AND l.rank >= w.least_level
    LEFT JOIN (SELECT r.languages -> 0 ->> 'tag' AS language, count(*) AS requests FROM guide_request r
                WHERE r.state <> 'unverified' AND r.created_at > clock() - interval '1 year' GROUP BY 1) d ON d.language = l.language
   WHERE g.state = 'active'
   ORDER BY l.language, g.id
$$;

-- The next version, complete; older ones than a month go.
CREATE OR REPLACE FUNCTION write_prices(method text, requests integer, samples integer, prices jsonb) RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  made integer;
BEGIN
  LOCK TABLE price_table IN SHARE ROW EXCLUSIVE MODE;
  made := coalesce((SELECT max(p.version) FROM price_table p), 0) + 1;
  INSERT INTO price_table (version, method, requests, samples)
  VALUES (made, write_prices.method, write_prices.requests, write_prices.samples);
  INSERT INTO guide_price (version, guide, price)
  SELECT made, g.id, p.value::integer FROM jsonb_each_text(prices) AS p JOIN guide g ON g.id = p.key::uuid WHERE p.value <> '0';
  DELETE FROM price_table p WHERE p.version < made AND p.created_at < clock() - interval '1 month';
  PERFORM pg_notify('welcome', 'matching');
  RETURN made;
END
$$;
