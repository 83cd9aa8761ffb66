-- SPDX-License-Identifier: EUPL-1.2
-- Whoever left or was rejected still sees the last profile.
SELECT g.id,
       g.state,
       g.paused_until,
       g.decision_reason,
       g.display_name,
       g.story,
       g.languages,
       g.cities,
       ARRAY(SELECT named.city
               FROM unnest(g.cities) WITH ORDINALITY AS named (city, place)
              WHERE named.city <> ALL (g.serves)
              ORDER BY named.place) AS cities_awaiting_approval,
       g.audiences,
       g.topics,
       g.capacity,
       g.load,
       g.state = 'active' AND g.load < g.capacity AND asks.recent < g.asks_per_month AS taking,
       g.asks_per_month,
       asks.recent AS asks_last_30_days,
       g.neighbours,
       g.remote,
       g.gender,
       g.listed,
       g.created_at
  FROM guide g
 CROSS JOIN LATERAL (SELECT asks_since(g.recent_asks, clock() - interval '30 days') AS recent) asks
 WHERE g.id = my_guide();
