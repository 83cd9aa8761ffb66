-- SPDX-License-Identifier: EUPL-1.2
-- A text as it is being written, in review, published or kept, with what readers of its
-- language would see of it.
SELECT x.id,
       x.content AS "content.id",
       x.kind AS "content.kind",
       x.key AS "content.key",
       x.city AS "content.city",
       x.language,
       x.number,
       x.version,
       x.state,
       x.slug,
       x.title,
       x.summary,
       x.body_markdown,
       x.body_html,
       x.body_text,
       x.method,
       x.source_language,
       x.source_revision,
       x.sources,
       x.note,
       x.author,
       x.mine,
       x.reviewer,
       x.published,
       x.created_at,
       x.changed_at,
       x.reviewed_at,
       x.published_at,
       entity_tag(x.version, x::text) AS _revision
  FROM (SELECT r.id, r.content, c.kind, c.key, c.city, r.language, r.number, r.version, r.state, r.slug, r.title, r.summary,
               r.body_markdown, with_embeds(r.body_html, r.embeds, r.language || :ctx_languages, c.city) AS body_html,
               text_with_embeds(r.body_text, r.embeds, r.language || :ctx_languages) AS body_text, r.method, r.source_language, r.source_revision, r.sources, r.note,
               editor_of(r.author) AS author, coalesce(r.author = me(), false) AS mine, editor_of(r.reviewer) AS reviewer,
               t.revision AS published, r.created_at, r.changed_at, r.reviewed_at, r.published_at
          FROM revision r
          JOIN content c ON c.id = r.content
          LEFT JOIN translation t ON t.content = r.content AND t.language = r.language
         WHERE r.id = :id) x;
