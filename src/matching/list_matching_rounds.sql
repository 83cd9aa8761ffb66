-- SPDX-License-Identifier: EUPL-1.2
-- Newest first; ids tell the time.
SELECT r.id,
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
       '["' || r.id || '"]' AS _cursor
  FROM matching_round r
 WHERE sees_rounds()
   AND r.id < coalesce((:ctx_cursor->>0)::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
 ORDER BY r.id DESC
 LIMIT :limit + 1;
