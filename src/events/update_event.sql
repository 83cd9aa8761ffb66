-- SPDX-License-Identifier: EUPL-1.2
-- Only the members sent change, but the times together: what is left out of those is as if it had never been.
SELECT lock_for_content(:id, 'event', :ctx_if_match);
SELECT refuse_unknown_places((:body ->> 'office')::uuid, (:body ->> 'place')::uuid);
SELECT change_content(:id, 'event', CASE WHEN :body ? 'starts' THEN '{"all_day":null,"rrule":null,"exdates":null}' ELSE '{}'::jsonb END || :body);
SELECT set_occurrences(:id, :occurrences::timestamp[], :expanded_to)
 WHERE :body ? 'starts';
-- answer: get_content
