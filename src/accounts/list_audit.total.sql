-- SPDX-License-Identifier: EUPL-1.2
-- How many list_audit shows on all its pages.
SELECT count(*) AS total
  FROM audit_record r
 WHERE (:actor IS NULL OR r.actor = :actor)
   AND (:subject IS NULL OR r.subject_id = :subject)
   AND (:action IS NULL OR r.action = :action)
   AND (:from IS NULL OR r.at >= :from)
   AND (:to IS NULL OR r.at < :to);
