-- SPDX-License-Identifier: EUPL-1.2
-- The history of a thing's texts, newest first, without the texts.
SELECT require(EXISTS (SELECT FROM content c WHERE c.id = :id AND c.desk = ANY (my_desks())), 'not_found');
SELECT r.id,
       r.language,
       r.number,
       r.version,
       r.state,
       r.slug,
       r.title,
       r.method,
       r.source_language,
       r.source_revision,
       r.note,
       editor_of(r.author) AS author,
       coalesce(r.author = me(), false) AS mine,
       editor_of(r.reviewer) AS reviewer,
       r.created_at,
       r.changed_at,
       r.reviewed_at,
       r.published_at,
       '["' || r.id || '"]' AS _cursor
  FROM revision r
 WHERE r.content = :id
   AND (:language IS NULL OR r.language = :language)
   AND (:state IS NULL OR r.state = :state)
   AND r.id < coalesce((:ctx_cursor->>0)::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
 ORDER BY r.id DESC
 LIMIT :limit + 1;
