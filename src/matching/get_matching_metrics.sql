-- SPDX-License-Identifier: EUPL-1.2
-- The function counts, and holds back shares of fewer than five.
SELECT :days AS days,
       m.requests,
       m.matched,
       m.matched_share,
       m.within_7_days_share,
       m.median_wait_days,
       m.p90_wait_days,
       m.asks_per_match,
       m.guides,
       m.guides_asked_4_times,
       m.load_gini,
       m.idle_share,
       m.rounds,
       m.asked,
       m.changed_meanwhile,
       m.last_round_at
  FROM matching_metrics(:days) m
 WHERE sees_rounds();
