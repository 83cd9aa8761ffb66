-- SPDX-License-Identifier: EUPL-1.2
-- The function tests both rights, locks, records who and why; the same again replaces what was there.
SELECT set_override(:id, :guide, :kind, :reason);
SELECT o.guide AS "guide.id",
       o.kind,
       o.reason,
       o.made_at
  FROM matching_override o
 WHERE o.request = :id
   AND o.guide = :guide
   AND EXISTS (SELECT FROM guide_request r WHERE r.id = :id AND r.handled_by = ANY (my_cities()));
