-- SPDX-License-Identifier: EUPL-1.2
-- As list_service_requests, by the state of the request.
WITH page AS (
 (SELECT o.id
    FROM service_request_office o
   WHERE o.requester_account = me()
     AND (:city IS NULL OR o.city = :city)
     AND o.left_at IS NULL
     AND o.id < coalesce((:ctx_cursor->>0)::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
     AND (:state IS NULL OR o.request_state = :state)
     AND o.id = (SELECT n.id
                   FROM service_request_office n
                  WHERE n.request = o.request
                    AND n.left_at IS NULL
                    AND n.requester_account = me()
                    AND (:city IS NULL OR n.city = :city)
                  ORDER BY n.id DESC
                  LIMIT 1)
   ORDER BY o.id DESC
   LIMIT :limit + 1)
   UNION ALL
  SELECT found.id
    FROM unnest(my_advised()) AS own (city)
   CROSS JOIN LATERAL (
           SELECT o.id
             FROM service_request_office o
            WHERE o.city = own.city
              AND o.request_state = :state
              AND o.requester_account <> me()
              AND o.left_at IS NULL
              AND o.id < coalesce((:ctx_cursor->>0)::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
              AND o.id = (SELECT n.id
                            FROM service_request_office n
                           WHERE n.request = o.request
                             AND n.left_at IS NULL
                             AND n.city = ANY (my_advised())
                             AND (:city IS NULL OR n.city = :city)
                           ORDER BY n.id DESC
                           LIMIT 1)
            ORDER BY o.id DESC
            LIMIT :limit + 1) found
   WHERE (:city IS NULL OR own.city = :city)
   ORDER BY id DESC
   LIMIT :limit + 1
)
SELECT l.request AS id,
       l.reference,
       l.state,
       l.outcome,
       l.service AS "service.code",
       title_in(l.service_name, :ctx_languages) AS "service.name",
       l.clientele AS "service.clientele",
       l.city,
       l.company_name,
       l.contact_name,
       l.office_city AS "office.city",
       l.office AS "office.office",
       title_in(l.office_name, :ctx_languages) AS "office.name",
       l.office_state AS "office.state",
       l.advisor AS "office.advisor.id",
       l.advisor_name AS "office.advisor.display_name",
       l.reached_at AS "office.submitted_at",
       l.due_at,
       l.overdue,
       l.created_at,
       l.submitted_at,
       '["' || page.id || '"]' AS _cursor
  FROM page
 CROSS JOIN LATERAL (
         SELECT v.request, v.reference, v.state, v.outcome, v.service, v.service_name, v.clientele, v.city, v.company_name, v.contact_name,
                v.office_city, v.office, v.office_name, v.office_state, v.advisor, v.advisor_name, v.reached_at, v.due_at, v.overdue,
                v.created_at, v.submitted_at
           FROM service_request_line v
          WHERE v.office_row = page.id
          LIMIT 1) l
 ORDER BY page.id DESC;
