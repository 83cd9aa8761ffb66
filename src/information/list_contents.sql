-- SPDX-License-Identifier: EUPL-1.2
-- What belongs to the editor's desks, archived things only where they are asked for. The filters are
-- those of list_contents.total.
SELECT c.id,
       c.kind,
       c.key,
       c.city,
       c.parent,
       c.position,
       best.title,
       best.language,
       c.shown,
       c.reviewed_on,
       c.review_due_on,
       c.archived_at,
       c.changed_at,
       (SELECT coalesce(jsonb_agg(jsonb_build_object('language', w.language, 'state', w.state, 'draft', w.draft_state)
                                  ORDER BY l.position), '[]')
          FROM content_work w
          JOIN language l ON l.tag = w.language
         WHERE w.content = c.id) AS translations,
       jsonb_build_array(c.kind, c.key)::text AS _cursor
  FROM (SELECT x.id, x.kind, x.key, x.city, x.parent, x.position, x.shown, x.reviewed_on, x.review_due_on, x.archived_at, x.changed_at
          FROM content x
         WHERE x.desk = ANY ((SELECT my_desks())::text[])
           AND (:kind IS NULL OR x.kind = :kind)
           AND (:city IS NULL OR x.city = :city)
           AND (NOT :region OR x.city IS NULL)
           AND (x.archived_at IS NOT NULL) = (coalesce(:state, '') = 'archived')
           AND is_in_state(x, :state, :language)
           AND (:q IS NULL
                OR strpos(x.key, lower(:q)) > 0
                OR EXISTS (SELECT FROM translation t WHERE t.content = x.id AND strpos(lower(t.title), lower(:q)) > 0)
                OR EXISTS (SELECT FROM revision r WHERE r.content = x.id AND r.state IN ('draft', 'in_review')
                                                    AND strpos(lower(r.title), lower(:q)) > 0))
           AND (:ctx_cursor IS NULL OR (x.kind, x.key) > (:ctx_cursor->>0, :ctx_cursor->>1))
         ORDER BY x.kind, x.key
         LIMIT :limit + 1) c
  LEFT JOIN LATERAL title_of(c.id, :ctx_languages) best ON true
 ORDER BY c.kind, c.key;
