-- SPDX-License-Identifier: EUPL-1.2
-- Only the members sent change. Triggers refuse what would break the tree, take a slug twice or reach into another desk.
SELECT lock_content_tree() WHERE :body ?| ARRAY['parent', 'city', 'replaces'];
SELECT lock_for_content(:id, 'article', :ctx_if_match);
SELECT refuse_unknown_links(:parent, :replaces, :office, :related);
SELECT refuse_unknown_media(:thumbnail, :attachments);
UPDATE content
   SET parent = CASE WHEN :body ? 'parent' THEN :parent ELSE parent END,
       position = coalesce(:position, position),
       city = CASE WHEN :body ? 'city' THEN :city ELSE city END,
       replaces = CASE WHEN :body ? 'replaces' THEN :replaces ELSE replaces END,
       topics = coalesce(:topics, topics),
       audiences = coalesce(:audiences, audiences),
       stages = coalesce(:stages, stages),
       related = coalesce(:related, related),
       office = CASE WHEN :body ? 'office' THEN :office ELSE office END,
       thumbnail = CASE WHEN :body ? 'thumbnail' THEN :thumbnail ELSE thumbnail END,
       review_due_on = CASE WHEN :body ? 'review_due_on' THEN :review_due_on ELSE review_due_on END
 WHERE id = :id;
SELECT set_attachments(:id, :attachments);
-- answer: get_content
