-- SPDX-License-Identifier: EUPL-1.2
-- Pins and forbids of one request, for who handles it.
SELECT require(EXISTS (SELECT FROM guide_request r WHERE r.id = :id AND r.handled_by = ANY (my_cities())), 'not_found');
SELECT o.guide AS "guide.id",
       o.kind,
       o.reason,
       o.made_at
  FROM matching_override o
 WHERE o.request = :id
   AND EXISTS (SELECT FROM guide_request r WHERE r.id = :id AND r.handled_by = ANY (my_cities()))
 ORDER BY o.made_at, o.guide;
