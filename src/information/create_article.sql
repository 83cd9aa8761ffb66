-- SPDX-License-Identifier: EUPL-1.2
-- Readers get nothing of it before a text is published. Without a position it comes last among its siblings.
SELECT lock_content_tree() WHERE :parent IS NOT NULL OR :replaces IS NOT NULL;
SELECT refuse_unknown_links(:parent, :replaces, :office, :related);
SELECT refuse_unknown_media(:thumbnail, :attachments);
INSERT INTO content (id, kind, key, parent, position, city, replaces, topics, audiences, stages, related, office, thumbnail, review_due_on)
SELECT :ctx_id, 'article', :key, :parent,
       coalesce(:position, (SELECT coalesce(max(s.position), 0) + 1
                              FROM content s
                             WHERE s.kind = 'article'
                               AND s.parent IS NOT DISTINCT FROM :parent)),
       :city, :replaces, :topics, :audiences, :stages, :related, :office, :thumbnail, :review_due_on
    ON CONFLICT (kind, key) DO NOTHING;
SELECT problem('duplicate', '[{"pointer":"/key","code":"key_taken"}]')
 WHERE NOT EXISTS (SELECT FROM content c WHERE c.id = :ctx_id);
SELECT set_attachments(:ctx_id, :attachments);
SELECT c.id,
       entity_tag(c.version, '') AS _revision,
       '/v1/contents/' || c.id AS _location
  FROM content c
 WHERE c.id = :ctx_id;
