-- SPDX-License-Identifier: EUPL-1.2
-- Only the members sent change; who saves is the author, and may not be the one who publishes. Whoever sends the source language has
-- translated what is published of it now.
SELECT lock_for_revision(:id);
SELECT precondition_version(:ctx_if_match, r.version)
  FROM revision r
 WHERE r.id = :id;
SELECT require(r.state = 'draft', 'conflict_state')
  FROM revision r
 WHERE r.id = :id;
SELECT refuse_unknown_embeds(:embeds);
SELECT refuse_unknown_source(r.content, r.language, CASE WHEN :body ? 'source_language' THEN :source_language ELSE r.source_language END,
                             :source_revision)
  FROM revision r
 WHERE r.id = :id;
UPDATE revision r
   SET slug = slug_for(:slug, coalesce(:title, title), slug),
       title = coalesce(:title, title),
       summary = coalesce(:summary, summary),
       body_markdown = coalesce(:body_markdown, body_markdown),
       body_html = coalesce(:body_html, body_html),
       body_text = coalesce(:body_text, body_text),
       embeds = coalesce(:embeds, embeds),
       method = coalesce(:method, method),
       source_language = CASE WHEN :body ? 'source_language' THEN :source_language ELSE source_language END,
       source_revision = CASE WHEN :source_revision IS NOT NULL THEN :source_revision
                              WHEN :body ? 'source_language' THEN source_of(content, language, :source_language)
                              ELSE source_revision END,
       legal_basis = bases_of(coalesce(:sources, sources)),
       sources = coalesce(:sources, sources),
       note = CASE WHEN :body ? 'note' THEN :note ELSE note END,
       author = me()
 WHERE r.id = :id;
-- answer: get_revision
