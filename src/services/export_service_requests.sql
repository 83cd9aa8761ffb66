-- SPDX-License-Identifier: EUPL-1.2
-- Recorded before it is read. One row of nothing where there is nothing, since a file without rows is an answer too; one row more than a
-- file may have tells that it is cut.
SELECT record_service_export(jsonb_strip_nulls(jsonb_build_object('state', :state, 'city', :city, 'office', :office, 'service', :service, 'clientele', :clientele,
                                                                 'advisor', :advisor, 'overdue', :overdue, 'due_before', :due_before, 'q', :q, 'sort', :sort)));
SELECT r.reference,
       r.state,
       r.outcome,
       r.service,
       title_in(r.service_name, :ctx_languages) AS service_name,
       r.city,
       title_in(o.office_name, :ctx_languages) AS office,
       o.state AS office_state,
       CASE WHEN o.advisor IS NOT NULL THEN advisor_name(o.id) END AS advisor,
       r.company_name,
       r.company_legal_status,
       r.company_size,
       r.company_industry,
       r.company_register,
       r.contact_name,
       c.email AS contact_email,
       r.contact_phone,
       r.language,
       r.message,
       in_office_time(r.created_at) AS created_at,
       in_office_time(r.submitted_at) AS submitted_at,
       in_office_time(o.acknowledged_at) AS acknowledged_at,
       in_office_time(o.due_at) AS due_at,
       coalesce(o.due_at < clock(), false)::text AS overdue,
       in_office_time(r.resolved_at) AS resolved_at,
       in_office_time(r.closed_at) AS closed_at
  FROM (SELECT 1) AS whole (file)
  LEFT JOIN (service_rows(jsonb_strip_nulls(jsonb_build_object('state', :state, 'city', :city, 'office', :office, 'service', :service, 'clientele', :clientele,
                                                             'advisor', :advisor, 'overdue', :overdue, 'due_before', :due_before, 'q', :q, 'sort', :sort)),
                          :ctx_languages, 10001) found
         CROSS JOIN LATERAL (
                 SELECT x.id, x.request, x.state, x.advisor, x.acknowledged_at, x.due_at, f.name AS office_name
                   FROM service_request_office x
                   JOIN office f ON f.city = x.city AND f.slug = x.office
                  WHERE x.id = found.office_row
                    AND x.city = ANY ((SELECT my_advised())::text[])
                  LIMIT 1) o
         CROSS JOIN LATERAL (
                 SELECT q.reference, q.state, q.outcome, q.service, v.name AS service_name, q.city, q.company_name, q.company_legal_status,
                        q.company_size, q.company_industry, q.company_register, q.contact_name, q.contact_phone, q.language, q.message,
                        q.created_at, q.submitted_at, q.resolved_at, q.closed_at
                   FROM service_request q
                   JOIN service_version v ON v.service = q.service AND v.version = q.version
                  WHERE q.id = o.request
                    AND q.handled_by && (SELECT my_advised())
                  LIMIT 1) r
         CROSS JOIN LATERAL (
                 SELECT w.email
                   FROM service_request_contact w
                  WHERE w.request = o.request
                  LIMIT 1) c) ON true
 ORDER BY found.n;
