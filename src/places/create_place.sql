-- SPDX-License-Identifier: EUPL-1.2
-- Readers get nothing of it before a text is published.
SELECT make_content(:ctx_id, 'place', :body);
SELECT c.id,
       entity_tag(c.version, '') AS _revision,
       '/v1/contents/' || c.id AS _location
  FROM content c
 WHERE c.id = :ctx_id;
