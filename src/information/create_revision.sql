-- SPDX-License-Identifier: EUPL-1.2
-- One text at a time is worked on in each language. A translation is made from the text of its source that readers get now, or else
-- from the one being written. What is not said stays as it is published.
SELECT lock_for_content(:id, NULL, '*');
SELECT problem('duplicate', '[{"pointer":"/language","code":"draft_exists"}]')
  FROM revision r
 WHERE r.content = :id
   AND r.language = :language
   AND r.state IN ('draft', 'in_review');
SELECT refuse_unknown_embeds(:embeds);
SELECT refuse_unknown_source(:id, :language, :source_language, :source_revision);
INSERT INTO revision (id, content, desk, language, number, state, slug, title, summary, body_markdown, body_html, body_text, embeds,
                      method, source_language, source_revision, legal_basis, sources, note, author)
SELECT :ctx_id, c.id, c.desk, :language,
       (SELECT coalesce(max(r.number), 0) + 1 FROM revision r WHERE r.content = :id AND r.language = :language),
       'draft', slug_for(:slug, :title, now.slug), :title, coalesce(:summary, now.summary, ''), coalesce(:body_markdown, ''),
       coalesce(:body_html, ''), coalesce(:body_text, ''), coalesce(:embeds, '{}'), :method, :source_language,
       coalesce(:source_revision, source_of(:id, :language, :source_language)),
       bases_of(coalesce(:sources, now.sources, source.sources, '[]')), coalesce(:sources, now.sources, source.sources, '[]'), :note, me()
  FROM content c
  LEFT JOIN translation now ON now.content = c.id AND now.language = :language
  LEFT JOIN translation source ON source.content = c.id AND source.language = :source_language
 WHERE c.id = :id;
SELECT r.id,
       r.state,
       entity_tag(r.version, '') AS _revision,
       '/v1/revisions/' || r.id AS _location
  FROM revision r
 WHERE r.id = :ctx_id;
