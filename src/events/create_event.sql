-- SPDX-License-Identifier: EUPL-1.2
-- Readers get nothing of it before a text is published. Its occurrences come along; the program worked them out.
SELECT refuse_unknown_places(:office, :place);
INSERT INTO content (id, kind, key, position, city, topics, audiences, office, review_due_on)
VALUES (:ctx_id, 'event', :key, 0, :city, :topics, :audiences, :office, :review_due_on)
    ON CONFLICT (kind, key) DO NOTHING;
SELECT problem('duplicate', '[{"pointer":"/key","code":"key_taken"}]')
 WHERE NOT EXISTS (SELECT FROM content c WHERE c.id = :ctx_id);
INSERT INTO event (content, starts, ends, all_day, rrule, exdates, expanded_to, place, meeting_url)
VALUES (:ctx_id, :starts::timestamp, :ends::timestamp, :all_day, :rrule, :exdates::timestamp[], '-infinity', :place, :meeting_url);
SELECT set_occurrences(:ctx_id, :occurrences::timestamp[], :expanded_to);
SELECT c.id,
       entity_tag(c.version, '') AS _revision,
       '/v1/contents/' || c.id AS _location
  FROM content c
 WHERE c.id = :ctx_id;
