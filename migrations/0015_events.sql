-- SPDX-License-Identifier: EUPL-1.2
-- Events whose occurrences are worked out by the program: they stand up to a horizon that a job moves on, and nobody writes them by hand.

-- migrate:up
SET LOCAL search_path = welcome, pg_temp;

-- expanded_to: '-infinity' when the times have changed since, 'infinity' when no more will come
ALTER TABLE event
  ADD CHECK (ends <= starts + interval '366 days'),
  ADD CHECK (NOT all_day OR (ends > starts AND starts = date_trunc('day', starts) AND ends = date_trunc('day', ends))),
  ADD CHECK (length(rrule) BETWEEN 1 AND 500 AND cardinality(exdates) <= 500),
  ADD CHECK (rrule IS NOT NULL OR exdates = '{}');
CREATE INDEX event_expansion ON event (expanded_to);
CREATE INDEX event_place ON event (place) WHERE place IS NOT NULL;
-- what may have begun long ago and last still
CREATE INDEX occurrence_long ON occurrence (ends_at) WHERE ends_at - starts_at > interval '1 day';

-- occurrences follow their event: functions write them, and they are no change of it
DROP TRIGGER IF EXISTS a_desk ON occurrence;
REVOKE INSERT, UPDATE, DELETE ON occurrence FROM welcome, welcome_worker;
RESET search_path;

-- migrate:down
