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
-- answer: get_my_guide
