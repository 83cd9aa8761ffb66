-- SPDX-License-Identifier: EUPL-1.2
-- The timeline, oldest first: public to who asked, whole to offices that have it, up to that moment to those that gave it away.
SELECT require(EXISTS (SELECT FROM service_request r
                        WHERE r.id = :id
                          AND (r.account = me() OR r.handled_by && my_advised())), 'not_found');
SELECT t.id,
       t.at,
       t.kind,
       t.public,
       t.by,
       t.author,
       t.office,
       t.text,
       t.detail,
       t.attachments,
       '["' || t.id || '"]' AS _cursor
  FROM service_timeline(:id, :ctx_languages) AS t
 WHERE t.id > coalesce((:ctx_cursor->>0)::uuid, '00000000-0000-0000-0000-000000000000')
 ORDER BY t.id
 LIMIT :limit + 1;
