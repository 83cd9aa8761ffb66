-- SPDX-License-Identifier: EUPL-1.2
-- What waits for an editor of these desks (the view says what that is), in the order in which to do it. Words that found nothing belong
-- to no thing. The page is cut before titles are looked for.
SELECT task.kind,
       task.id AS "content.id",
       task.content_kind AS "content.kind",
       task.key AS "content.key",
       task.city AS "content.city",
       best.title AS "content.title",
       best.language AS "content.language",
       task.language,
       task.revision,
       task.due_on,
       task.words,
       task.times,
       jsonb_build_array(task.rank, task.place, task.name)::text AS _cursor
  FROM (SELECT t.rank, t.place, t.name, t.kind, t.language, t.revision, t.due_on, t.words, t.times, c.id, c.kind AS content_kind, c.key, c.city
          FROM editorial_task t
          LEFT JOIN content c ON c.id = t.content
         WHERE (:kind IS NULL OR t.kind = :kind)
           AND (:city IS NULL OR c.city = :city)
           AND (NOT :region OR c.city IS NULL)
           AND (:language IS NULL OR t.language = :language)
           AND (:ctx_cursor IS NULL OR (t.rank, t.place, t.name) > ((:ctx_cursor->>0)::integer, :ctx_cursor->>1, :ctx_cursor->>2))
         ORDER BY t.rank, t.place, t.name
         LIMIT :limit + 1) task
  LEFT JOIN LATERAL title_of(task.id, :ctx_languages) best ON true
 ORDER BY task.rank, task.place, task.name;
