-- SPDX-License-Identifier: EUPL-1.2
-- All words in all languages, for who changes them.
SELECT s.code,
       s.clientele,
       s.category,
       s.basis,
       s.position,
       v.name,
       v.description,
       s.acknowledge_hours,
       s.resolve_hours,
       s.appointments,
       s.active,
       v.questions,
       s.version,
       (SELECT coalesce(jsonb_agg(jsonb_build_object('city', nullif(f.city, '*'), 'office', jsonb_build_object('city', nullif(f.office_city, '*'), 'office', f.office),
                                                     'acknowledge_hours', f.acknowledge_hours, 'resolve_hours', f.resolve_hours) ORDER BY f.city = '*', f.city), '[]')
          FROM service_offer f
         WHERE f.service = s.code) AS offers,
       service_tag(s.code) AS _revision
  FROM service s
  JOIN service_version v ON v.service = s.code AND v.version = s.version
 WHERE s.code = :code
   AND is_admin();
