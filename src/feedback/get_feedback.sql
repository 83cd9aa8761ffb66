-- SPDX-License-Identifier: EUPL-1.2
-- One report, for the editors of its desk.
SELECT f.id,
       f.kind,
       f.state,
       nullif(f.desk, '*') AS city,
       (SELECT jsonb_build_object('kind', c.kind, 'id', c.id, 'language', f.about, 'title', t.title)
          FROM content c
          LEFT JOIN LATERAL (
                 SELECT x.title
                   FROM translation x
                  WHERE x.content = c.id
                  ORDER BY array_position(:ctx_languages, x.language) NULLS LAST, x.language
                  LIMIT 1) t ON true
         WHERE c.id = f.content) AS object,
       f.text,
       f.language,
       f.reply_wanted,
       f.due_on,
       f.created_at,
       f.reply,
       f.resolved_at,
       editor_of(f.resolved_by) AS resolved_by
  FROM feedback f
 WHERE f.id = :id
   AND f.desk = ANY (my_desks());
