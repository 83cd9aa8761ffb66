-- SPDX-License-Identifier: EUPL-1.2
-- Coordinators of every city the guide names; never the gender, which is for placing only.
SELECT g.id,
       g.state,
       g.paused_until,
       g.decision_reason,
       g.display_name,
       c.email,
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
       g.asks_per_month,
       asks_since(g.recent_asks, clock() - interval '30 days') AS asks_last_30_days,
       g.neighbours,
       g.remote,
       g.listed,
       g.created_at
  FROM guide g
  JOIN guide_contact c ON c.guide = g.id
 WHERE g.id = :id
   AND g.cities && my_cities();
