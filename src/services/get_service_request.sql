-- SPDX-License-Identifier: EUPL-1.2
-- For who asked and for the advisors of the cities that have or had it. The questions are those that were asked, in the reader's words.
SELECT r.id,
       r.reference,
       r.state,
       r.outcome,
       CASE WHEN r.account <> me() OR NOT is_spam(r.id) THEN r.rejected_reason END AS rejected_reason,
       r.service AS "service.code",
       title_in(v.name, :ctx_languages) AS "service.name",
       r.version AS "service.version",
       s.clientele AS "service.clientele",
       s.appointments AS "service.appointments",
       r.city,
       r.company_name AS "company.name",
       r.company_legal_status AS "company.legal_status",
       r.company_size AS "company.size",
       r.company_industry AS "company.industry",
       r.company_register AS "company.register_number",
       r.contact_name AS "contact.name",
       c.email AS "contact.email",
       r.contact_phone AS "contact.phone",
       r.language AS "contact.language",
       questions_in(v.questions, :ctx_languages) AS questions,
       r.answers,
       r.message,
       offices_of(r.id, :ctx_languages) AS offices,
       appointments_of(r.id, :ctx_languages) AS appointments,
       (SELECT min(o.due_at)
          FROM service_request_office o
         WHERE o.request = r.id
           AND (o.requester_account = me() OR o.city = ANY (my_advised()))) AS due_at,
       service_events_of(r.id, :ctx_languages) AS events,
       service_attachments_of(r.id, NULL) AS attachments,
       r.created_at,
       r.submitted_at,
       r.resolved_at,
       r.closed_at,
       r.rating,
       r.rating_text
  FROM service_request r
  JOIN service s ON s.code = r.service
  JOIN service_version v ON v.service = r.service AND v.version = r.version
  JOIN service_request_contact c ON c.request = r.id
 WHERE r.id = :id
   AND (r.account = me() OR r.handled_by && my_advised());
