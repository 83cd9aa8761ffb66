-- SPDX-License-Identifier: EUPL-1.2
-- For who asked and for advisors of the offices that have it; the right to each slot is the function's.
SELECT require(EXISTS (SELECT FROM service_request r WHERE r.id = :id AND (r.account = me() OR r.handled_by && my_advised())), 'not_found');
SELECT s.id,
       s.office,
       s.advisor_name AS "advisor.display_name",
       s.starts_at,
       s.ends_at,
       'Europe/Berlin' AS time_zone,
       s.place,
       s.video,
       s.languages,
       '["' || s.starts_at || '","' || s.id || '"]' AS _cursor
  FROM offered_slots(:id, :language, coalesce((:ctx_cursor->>0)::timestamptz, '-infinity'),
                     coalesce((:ctx_cursor->>1)::uuid, '00000000-0000-0000-0000-000000000000'), :limit + 1, :ctx_languages) s
 ORDER BY s.starts_at, s.id;
