-- SPDX-License-Identifier: EUPL-1.2
-- As export_service_requests, with the filter that was saved and under the wall of today.
SELECT require(EXISTS (SELECT FROM saved_export e WHERE e.id = :id AND e.account = me()), 'not_found');
SELECT record_service_export(e.filter)
  FROM saved_export e
 WHERE e.id = :id
   AND e.account = me();
SELECT l.reference,
       l.state,
       l.outcome,
       l.service,
       title_in(l.service_name, :ctx_languages) AS service_name,
       l.city,
       title_in(l.office_name, :ctx_languages) AS office,
       l.office_state,
       l.advisor_name AS advisor,
       l.company_name,
       r.company_legal_status,
       r.company_size,
       r.company_industry,
       r.company_register,
       l.contact_name,
       c.email AS contact_email,
       r.contact_phone,
       r.language,
       r.message,
       in_office_time(r.created_at) AS created_at,
       in_office_time(r.submitted_at) AS submitted_at,
       in_office_time(l.acknowledged_at) AS acknowledged_at,
       in_office_time(l.due_at) AS due_at,
       l.overdue::text AS overdue,
       in_office_time(r.resolved_at) AS resolved_at,
       in_office_time(r.closed_at) AS closed_at
  FROM saved_export e
  LEFT JOIN (service_rows(e.filter, :ctx_languages, 10001) x
         CROSS JOIN LATERAL (
                 SELECT v.request, v.reference, v.state, v.outcome, v.service, v.service_name, v.city, v.office_name, v.office_state,
                        v.advisor_name, v.company_name, v.contact_name, v.acknowledged_at, v.due_at, v.overdue
                   FROM service_request_line v
                  WHERE v.office_row = x.office_row
                  LIMIT 1) l
         CROSS JOIN LATERAL (
                 SELECT q.company_legal_status, q.company_size, q.company_industry, q.company_register, q.contact_phone, q.language,
                        q.message, q.created_at, q.submitted_at, q.resolved_at, q.closed_at
                   FROM service_request q
                  WHERE q.id = l.request
                    AND q.handled_by && my_advised()
                  LIMIT 1) r
         CROSS JOIN LATERAL (
                 SELECT w.email
                   FROM service_request_contact w
                  WHERE w.request = l.request
                  LIMIT 1) c) ON true
 WHERE e.id = :id
   AND e.account = me()
 ORDER BY x.n;
