-- SPDX-License-Identifier: EUPL-1.2
-- A round that has run differs from nothing; its asks are told as they stand now.
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
 WHERE r.id = :id
   AND sees_rounds();
