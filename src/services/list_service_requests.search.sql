-- SPDX-License-Identifier: EUPL-1.2
-- As list_service_requests, what was typed; on the slow lane. service_requests_found() looks inside the wall, the rows are tested again.
-- OFFSET 0: they are sorted before each is asked whether it is the first of its request, so that only those of the page are.
WITH found AS MATERIALIZED (
  SELECT f.request, f.own
    FROM service_requests_found(:q, :ctx_languages) f
), hit AS (
  SELECT o.id, o.request, found.own
    FROM found
    JOIN service_request_office o ON o.request = found.request
   WHERE CASE WHEN found.own THEN o.requester_account = (SELECT me()) AND :advisor IS NULL
              ELSE o.city = ANY ((SELECT my_advised())::text[]) AND o.requester_account <> (SELECT me()) END
     AND o.left_at IS NULL
     AND o.id < coalesce((:ctx_cursor->>0)::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
     AND (:city IS NULL OR o.city = :city)
     AND (:state IS NULL OR o.request_state = :state)
     AND (:office IS NULL OR o.office = :office)
     AND (:service IS NULL OR o.service = :service)
     AND (:clientele IS NULL OR o.service IN (SELECT s.code FROM service s WHERE s.clientele = :clientele))
     AND is_with(o.advisor, o.state, :advisor)
     AND (:overdue IS NULL AND :due_before IS NULL OR o.due_at < due_limit(:overdue, :due_before))
   ORDER BY o.id DESC
  OFFSET 0
), page AS (
  SELECT h.id
    FROM hit h
   WHERE h.id = (SELECT n.id
                   FROM service_request_office n
                  WHERE n.request = h.request
                    AND n.left_at IS NULL
                    AND CASE WHEN h.own THEN n.requester_account = me() ELSE n.city = ANY (my_advised()) END
                    AND (:city IS NULL OR n.city = :city)
                    AND (:office IS NULL OR n.office = :office)
                    AND is_with(n.advisor, n.state, :advisor)
                    AND (:overdue IS NULL AND :due_before IS NULL OR n.due_at < due_limit(:overdue, :due_before))
                  ORDER BY n.id DESC
                  LIMIT 1)
   ORDER BY h.id DESC
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
