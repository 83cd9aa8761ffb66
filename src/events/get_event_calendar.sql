-- SPDX-License-Identifier: EUPL-1.2
-- The two hundred events whose occurrences list_events shows first, each once: a phone expands the rule itself.
SELECT v.id,
       v.page,
       v.title,
       v.summary,
       v.body_text,
       v.language,
       v.starts,
       v.ends,
       v.all_day::text AS all_day,
       v.rrule,
       v.exdates,
       v.location,
       v.latitude::text AS latitude,
       v.longitude::text AS longitude,
       v.meeting_url,
       v.categories,
       v.sequence::text AS sequence,
       v.created_at,
       v.changed_at
  FROM (SELECT o.event, min(o.starts_at) AS soonest
          FROM occurrence o
          JOIN content x ON x.id = o.event
         WHERE x.shown
           AND o.starts_at >= coalesce(in_berlin(make_timestamp(:year, 1, 1, 0, 0, 0)), (SELECT first_running(coalesce(in_berlin(:from::timestamp), clock()))))
           AND o.starts_at < coalesce(in_berlin(make_timestamp(:year + 1, 1, 1, 0, 0, 0)), in_berlin(:to::timestamp + interval '1 day'), 'infinity')
           AND (:year IS NOT NULL
                OR o.ends_at > coalesce(in_berlin(:from::timestamp), clock())
                OR o.starts_at >= coalesce(in_berlin(:from::timestamp), clock()))
           AND coalesce(x.city IS NULL OR x.city = :city, :city IS NULL)
           AND coalesce(:topic IS NULL OR :topic = ANY (x.topics), true)
           AND coalesce(:audience IS NULL OR :audience = ANY (x.audiences), true)
         GROUP BY o.event
         ORDER BY 2, 1
         LIMIT 200) a
 CROSS JOIN LATERAL event_entry(a.event, :ctx_languages) v
 ORDER BY a.soonest, a.event;
