-- SPDX-License-Identifier: EUPL-1.2
-- What waits for an editor of these desks (the view says what that is), in the order in which to do it. Words that found nothing belong
-- to no thing.
SELECT task.kind,
       c.id AS "content.id",
       c.kind AS "content.kind",
       c.key AS "content.key",
       c.city AS "content.city",
       best.title AS "content.title",
       best.language AS "content.language",
       task.language,
       task.revision,
       task.due_on,
       task.words,
       task.times,
       jsonb_build_array(task.rank, task.place, task.name)::text AS _cursor
  FROM editorial_task task
  LEFT JOIN content c ON c.id = task.content
  LEFT JOIN LATERAL title_of(c.id, :ctx_languages) best ON true
 WHERE (:kind IS NULL OR task.kind = :kind)
   AND (:city IS NULL OR c.city = :city)
   AND (NOT :region OR c.city IS NULL)
   AND (:language IS NULL OR task.language = :language)
   AND (:ctx_cursor IS NULL OR (task.rank, task.place, task.name) > ((:ctx_cursor->>0)::integer, :ctx_cursor->>1, :ctx_cursor->>2))
 ORDER BY task.rank, task.place, task.name
 LIMIT :limit + 1;
