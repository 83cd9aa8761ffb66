-- SPDX-License-Identifier: EUPL-1.2
-- The round has run beside the loop (round_codes.c); here it gets the name of who asked for it.
SELECT claim_round(:round_id);
SELECT r.id,
       r.seed,
       r.second,
       r.weights,
       r.prices,
       r.started_at,
       r.finished_at,
       r.requests,
       r.guides,
       r.pairs,
       r.placed,
       r.proposed,
       r.certificate,
       round_proposals(r.id) AS proposals,
       (SELECT coalesce(jsonb_agg(jsonb_build_object('guide_request', jsonb_build_object('id', u.request), 'speakers', u.speakers,
                                                     'reasons', reasons_told(u.reasons)) ORDER BY u.request), '[]')
          FROM matching_unplaced u
         WHERE u.round = r.id) AS unplaced,
       jsonb '{"placed": 0, "gained": [], "lost": [], "moved": []}' AS difference,
       jsonb '[]' AS pins_ignored
  FROM matching_round r
 WHERE r.id = :round_id
   AND sees_rounds();
