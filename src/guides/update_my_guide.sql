-- SPDX-License-Identifier: EUPL-1.2
-- Only the members sent change. The capacity may fall below the load: nobody is sent away, nobody new is proposed. Triggers withhold
-- added cities until they are approved.
SELECT lock_for_guide(my_guide());
SELECT require(g.state NOT IN ('rejected', 'left'), 'conflict_state')
  FROM guide g
 WHERE g.id = my_guide();
UPDATE guide
   SET display_name = coalesce(:display_name, display_name),
       story = coalesce(:story, story),
       languages = coalesce(:languages, languages),
       cities = coalesce(:cities, cities),
       audiences = coalesce(:audiences, audiences),
       topics = coalesce(:topics, topics),
       capacity = coalesce(:capacity, capacity),
       asks_per_month = coalesce(:asks_per_month, asks_per_month),
       neighbours = coalesce(:neighbours, neighbours),
       remote = coalesce(:remote, remote),
       gender = CASE WHEN :body ? 'gender' THEN :gender ELSE gender END,
       listed = coalesce(:listed, listed)
 WHERE id = my_guide();
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
