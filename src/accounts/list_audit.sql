-- SPDX-License-Identifier: EUPL-1.2
-- The window shows records to admins only. Newest first, by the number each got when it was written.
SELECT r.id,
       r.at,
       r.action,
       r.actor AS "actor.id",
       a.display_name AS "actor.display_name",
       r.subject_kind AS "subject.kind",
       r.subject_id AS "subject.id",
       r.city,
       r.detail,
       r.seal,
       '["' || r.id || '"]' AS _cursor
  FROM audit_record r
  LEFT JOIN account a ON a.id = r.actor
 WHERE (:actor IS NULL OR r.actor = :actor)
   AND (:subject IS NULL OR r.subject_id = :subject)
   AND (:action IS NULL OR r.action = :action)
   AND (:from IS NULL OR r.at >= :from)
   AND (:to IS NULL OR r.at < :to)
   AND r.id < coalesce((:ctx_cursor->>0)::bigint, 9223372036854775807)
 ORDER BY r.id DESC
 LIMIT :limit + 1;
