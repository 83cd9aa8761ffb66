-- SPDX-License-Identifier: EUPL-1.2
-- How many list_events shows on all its pages.
SELECT count(*) AS total
  FROM occurrence o
  JOIN event e ON e.content = o.event
  JOIN content x ON x.id = o.event
 WHERE x.shown
   AND o.starts_at >= coalesce(in_berlin(make_timestamp(:year, 1, 1, 0, 0, 0)), (SELECT first_running(coalesce(in_berlin(:from::timestamp), clock()))))
   AND o.starts_at < coalesce(in_berlin(make_timestamp(:year + 1, 1, 1, 0, 0, 0)), in_berlin(:to::timestamp + interval '1 day'), 'infinity')
   AND (:year IS NOT NULL
        OR o.ends_at > coalesce(in_berlin(:from::timestamp), clock())
        OR o.starts_at >= coalesce(in_berlin(:from::timestamp), clock()))
   AND coalesce(x.city IS NULL OR x.city = :city, :city IS NULL)
   AND coalesce(:topic IS NULL OR :topic = ANY (x.topics), true)
   AND coalesce(:audience IS NULL OR :audience = ANY (x.audiences), true);
