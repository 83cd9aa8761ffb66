-- SPDX-License-Identifier: EUPL-1.2
-- Everything about a thing but its texts, for the editors of its desk.
SELECT x.id,
       x.kind,
       x.key,
       x.version,
       x.city,
       x.parent,
       x.position,
       x.replaces,
       x.topics,
       x.audiences,
       x.stages,
       x.related,
       x.office,
       x.thumbnail,
       x.attachments,
       x.reviewed_on,
       x.review_due_on,
       x.part,
       x.archived_at,
       x.shown,
       x.created_at,
       x.changed_at,
       x.translations,
       entity_tag(x.version, x::text) AS _revision
  FROM (SELECT c.id, c.kind, c.key, c.version, c.city, c.parent, c.position, c.replaces, c.topics, c.audiences, c.stages, c.related,
               c.office, c.thumbnail, c.reviewed_on, c.review_due_on, part_of(c.kind, c.id) AS part, c.archived_at, c.shown, c.created_at,
               c.changed_at,
               ARRAY(SELECT a.media FROM attachment a WHERE a.content = c.id ORDER BY a.position) AS attachments,
               (SELECT coalesce(jsonb_agg(jsonb_build_object(
                         'language', w.language, 'state', w.state, 'revision', w.revision, 'slug', w.slug, 'title', w.title,
                         'provenance', w.provenance, 'published_at', rfc3339(w.published_at),
                         'draft', CASE WHEN w.draft IS NOT NULL
                                       THEN jsonb_build_object('id', w.draft, 'state', w.draft_state, 'title', w.draft_title,
                                                               'author', editor_of(w.draft_author),
                                                               'changed_at', rfc3339(w.draft_changed_at)) END)
                         ORDER BY l.position), '[]')
                  FROM content_work w
                  JOIN language l ON l.tag = w.language
                 WHERE w.content = c.id) AS translations
          FROM content c
         WHERE c.id = :id
           AND c.desk = ANY (my_desks())) x;
