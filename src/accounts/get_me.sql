-- SPDX-License-Identifier: EUPL-1.2
-- Who has left as a guide is none any more, but finds the profile here.
SELECT a.id,
       a.email,
       a.language,
       array_remove(my_roles(), 'coordinator_for_all') || CASE WHEN g.state NOT IN ('rejected', 'left') THEN ARRAY['guide'] ELSE '{}' END AS roles,
       staff_cities() AS cities,
       g.id AS "guide.id",
       g.state AS "guide.state",
       coalesce((SELECT jsonb_agg(jsonb_build_object('id', r.id, 'state', r.state) ORDER BY r.id DESC)
                   FROM guide_request r
                  WHERE r.account = me()), '[]') AS guide_requests,
       coalesce((SELECT jsonb_agg(jsonb_build_object('id', s.id, 'reference', s.reference, 'state', s.state) ORDER BY s.id DESC)
                   FROM service_request s
                  WHERE s.account = me()), '[]') AS service_requests
  FROM account a
  LEFT JOIN guide g ON g.id = my_guide()
 WHERE a.id = me();
