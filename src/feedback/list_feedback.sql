-- SPDX-License-Identifier: EUPL-1.2
-- What is open first; of that what has a day by this day; the rest as it came. The page is cut before titles are looked for.
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
       editor_of(f.resolved_by) AS resolved_by,
       jsonb_build_array(f.state, coalesce(f.due_on, 'infinity'), f.id) AS _cursor
  FROM (SELECT x.id, x.kind, x.state, x.desk, x.content, x.about, x.text, x.language, x.reply_wanted, x.due_on, x.created_at, x.reply,
               x.resolved_at, x.resolved_by
          FROM feedback x
         WHERE x.desk = ANY (my_desks())
           AND coalesce(x.desk = :city, :city IS NULL)
           AND coalesce(x.kind = :kind, :kind IS NULL)
           AND coalesce(x.state = :state, :state IS NULL)
           AND (x.state, coalesce(x.due_on, 'infinity'), x.id)
               > (coalesce(:ctx_cursor->>0, ''), coalesce((:ctx_cursor->>1)::date, '-infinity'),
                  coalesce((:ctx_cursor->>2)::uuid, '00000000-0000-0000-0000-000000000000'))
         ORDER BY x.state, coalesce(x.due_on, 'infinity'), x.id
         LIMIT :limit + 1) f
 ORDER BY f.state, coalesce(f.due_on, 'infinity'), f.id;
