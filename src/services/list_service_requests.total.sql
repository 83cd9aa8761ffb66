-- SPDX-License-Identifier: EUPL-1.2
-- How many list_service_requests shows on all its pages.
SELECT count(DISTINCT o.request) AS total
  FROM service_request_office o
 WHERE (o.requester_account = (SELECT me()) AND :advisor IS NULL
        OR o.city = ANY ((SELECT my_advised())::text[]) AND o.requester_account <> (SELECT me()))
   AND o.left_at IS NULL
   AND (:city IS NULL OR o.city = :city)
   AND (:state IS NULL OR o.request_state = :state)
   AND (:office IS NULL OR o.office = :office)
   AND (:service IS NULL OR o.service = :service)
   AND (:clientele IS NULL OR o.service IN (SELECT s.code FROM service s WHERE s.clientele = :clientele))
   AND is_with(o.advisor, o.state, :advisor)
   AND (:overdue IS NULL AND :due_before IS NULL AND :sort IS NULL OR o.due_at < (SELECT due_limit(:overdue, :due_before)))
   AND (:q IS NULL
        OR (o.request, o.requester_account = (SELECT me())) IN (SELECT f.request, f.own FROM service_requests_found(:q, :ctx_languages) f));
