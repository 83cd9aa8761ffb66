-- SPDX-License-Identifier: EUPL-1.2
-- Readers get it from `publishes_at` on, once a text is published.
SELECT make_content(:ctx_id, 'news', :body);
SELECT c.id,
       entity_tag(c.version, '') AS _revision,
       '/v1/contents/' || c.id AS _location
  FROM content c
 WHERE c.id = :ctx_id;
