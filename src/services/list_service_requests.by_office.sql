-- SPDX-License-Identifier: EUPL-1.2
-- As list_service_requests, by the office that has it, state by state.
WITH page AS (
 (SELECT o.id, o.request, o.city, o.office, o.state, o.advisor, o.submitted_at, o.due_at
    FROM service_request_office o
   WHERE o.requester_account = me()
     AND (:city IS NULL OR o.city = :city)
     AND o.left_at IS NULL
     AND o.id < CASE WHEN :ctx_cursor IS NULL THEN 'ffffffff-ffff-ffff-ffff-ffffffffffff' ELSE (:ctx_cursor->>0)::uuid END
     AND (:state IS NULL OR o.request_state = :state)
     AND (:office IS NULL OR o.office = :office)
     AND NOT EXISTS (SELECT FROM service_request_office n
                      WHERE n.request = o.request
                        AND n.id > o.id
                        AND n.left_at IS NULL
                        AND n.requester_account = me()
                        AND (:city IS NULL OR n.city = :city)
                        AND (:office IS NULL OR n.office = :office)
                     OFFSET 0)
   ORDER BY o.id DESC
   LIMIT :limit + 1)
   UNION ALL
  SELECT found.id, found.request, found.city, found.office, found.state, found.advisor, found.submitted_at, found.due_at
    FROM unnest(my_advised()) AS own (city)
   CROSS JOIN unnest(CASE WHEN :state IS NULL THEN service_states() ELSE ARRAY[:state] END) AS wanted (state)
   CROSS JOIN LATERAL (
           SELECT o.id, o.request, o.city, o.office, o.state, o.advisor, o.submitted_at, o.due_at
             FROM service_request_office o
            WHERE o.city = own.city
              AND o.office = :office
              AND o.request_state = wanted.state
              AND o.requester_account <> me()
              AND o.left_at IS NULL
              AND o.id < CASE WHEN :ctx_cursor IS NULL THEN 'ffffffff-ffff-ffff-ffff-ffffffffffff' ELSE (:ctx_cursor->>0)::uuid END
              AND (:office IS NULL OR o.office = :office)
              AND NOT EXISTS (SELECT FROM service_request_office n
                               WHERE n.request = o.request
                                 AND n.id > o.id
                                 AND n.left_at IS NULL
                                 AND n.city = ANY ((SELECT my_advised())::text[])
                                 AND (:city IS NULL OR n.city = :city)
                                 AND (:office IS NULL OR n.office = :office)
                              OFFSET 0)
            ORDER BY o.id DESC
            LIMIT :limit + 1) found
   WHERE (:city IS NULL OR own.city = :city)
   ORDER BY id DESC
   LIMIT :limit + 1
)
SELECT r.id,
       r.reference,
       r.state,
       r.outcome,
       r.service AS "service.code",
       title_in(r.service_name, :ctx_languages) AS "service.name",
       r.clientele AS "service.clientele",
       r.city,
       r.company_name,
       r.contact_name,
       nullif(page.city, '*') AS "office.city",
       page.office AS "office.office",
       title_in(f.name, :ctx_languages) AS "office.name",
       page.state AS "office.state",
       CASE WHEN page.city = ANY ((SELECT my_advised())::text[]) THEN page.advisor END AS "office.advisor.id",
       CASE WHEN page.advisor IS NOT NULL THEN advisor_name(page.id) END AS "office.advisor.display_name",
       page.submitted_at AS "office.submitted_at",
       page.due_at,
       coalesce(page.due_at < clock(), false) AS overdue,
       r.created_at,
       r.submitted_at,
       '["' || page.id || '"]' AS _cursor
  FROM page
 CROSS JOIN LATERAL (
         SELECT q.id, q.reference, q.state, q.outcome, q.service, v.name AS service_name, s.clientele, q.city, q.company_name, q.contact_name,
                q.created_at, q.submitted_at
           FROM service_request q
           JOIN service s ON s.code = q.service
           JOIN service_version v ON v.service = q.service AND v.version = q.version
          WHERE q.id = page.request
            AND (q.account = me() OR q.handled_by && (SELECT my_advised()))
          LIMIT 1) r
  JOIN office f ON f.city = page.city AND f.slug = page.office
 ORDER BY page.id DESC;
