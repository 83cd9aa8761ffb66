-- SPDX-License-Identifier: EUPL-1.2
-- Readers get nothing of it before a text is published. Its occurrences come along; the program worked them out.
SELECT refuse_unknown_places((:body ->> 'office')::uuid, (:body ->> 'place')::uuid);
SELECT make_content(:ctx_id, 'event', :body);
SELECT set_occurrences(:ctx_id, :occurrences::timestamp[], :expanded_to);
SELECT c.id,
       entity_tag(c.version, '') AS _revision,
       '/v1/contents/' || c.id AS _location
  FROM content c
 WHERE c.id = :ctx_id;
