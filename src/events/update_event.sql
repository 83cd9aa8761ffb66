-- SPDX-License-Identifier: EUPL-1.2
-- Only the members sent change, but the times together: what is left out of those is as if it had never been.
SELECT lock_for_content(:id, 'event', :ctx_if_match);
SELECT refuse_unknown_places(:office, :place);
UPDATE content
   SET city = CASE WHEN :body ? 'city' THEN :city ELSE city END,
       topics = coalesce(:topics, topics),
       audiences = coalesce(:audiences, audiences),
       office = CASE WHEN :body ? 'office' THEN :office ELSE office END,
       review_due_on = CASE WHEN :body ? 'review_due_on' THEN :review_due_on ELSE review_due_on END
 WHERE id = :id;
UPDATE event
   SET starts = CASE WHEN :body ? 'starts' THEN :starts::timestamp ELSE starts END,
       ends = CASE WHEN :body ? 'starts' THEN :ends::timestamp ELSE ends END,
       all_day = CASE WHEN :body ? 'starts' THEN coalesce(:all_day, false) ELSE all_day END,
       rrule = CASE WHEN :body ? 'starts' THEN :rrule ELSE rrule END,
       exdates = CASE WHEN :body ? 'starts' THEN coalesce(:exdates::timestamp[], '{}') ELSE exdates END,
       place = CASE WHEN :body ? 'place' THEN :place ELSE place END,
       meeting_url = CASE WHEN :body ? 'meeting_url' THEN :meeting_url ELSE meeting_url END
 WHERE content = :id;
SELECT set_occurrences(:id, :occurrences::timestamp[], :expanded_to)
 WHERE :body ? 'starts';
-- answer: get_content
