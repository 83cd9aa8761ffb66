-- SPDX-License-Identifier: EUPL-1.2
-- One service, its questions as they are asked now, and who answers them; with a city who answers there. The region's own office is for
-- who does not know the city yet.
SELECT s.code,
       s.clientele,
       s.category,
       title_in(v.name, :ctx_languages) AS name,
       title_in(v.description, :ctx_languages) AS description,
       :ctx_languages[1] AS "language.requested",
       tongue.tag AS "language.served",
       tongue.tag <> :ctx_languages[1] AS "language.fallback",
       s.basis,
       s.appointments,
       s.version,
       questions_in(v.questions, :ctx_languages) AS questions,
       (SELECT coalesce(jsonb_agg(jsonb_build_object(
                 'city', nullif(f.city, '*'), 'office', jsonb_build_object('city', nullif(o.city, '*'), 'slug', o.slug, 'name', title_in(o.name, :ctx_languages), 'languages', o.languages,
                                              'address', o.address, 'phone', o.phone, 'website', o.website, 'opening_hours', o.opening_hours),
                 'acknowledge_hours', coalesce(f.acknowledge_hours, s.acknowledge_hours),
                 'resolve_hours', coalesce(f.resolve_hours, s.resolve_hours)) ORDER BY f.city = '*', f.city), '[]')
          FROM service_offer f
          JOIN office_public o ON o.city = f.office_city AND o.slug = f.office
         WHERE f.service = s.code
           AND (:city IS NULL OR f.city = :city)) AS offers
  FROM service s
  JOIN service_version v ON v.service = s.code AND v.version = s.version
 CROSS JOIN LATERAL (SELECT language_of(v.name, :ctx_languages) AS tag) tongue
 WHERE s.code = :code
   AND s.active;
