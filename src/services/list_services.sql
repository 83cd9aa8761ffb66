-- SPDX-License-Identifier: EUPL-1.2
-- What can be asked for now; with a city what is offered there.
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
       offers_in(s.code, :city, :ctx_languages) AS offers
  FROM service s
  JOIN service_version v ON v.service = s.code AND v.version = s.version
 CROSS JOIN LATERAL (SELECT language_of(v.name, :ctx_languages) AS tag) tongue
 WHERE s.active
   AND (:clientele IS NULL OR s.clientele = :clientele)
   AND (:city IS NULL OR EXISTS (SELECT FROM service_offer f WHERE f.service = s.code AND f.city = :city))
   AND EXISTS (SELECT FROM service_offer f WHERE f.service = s.code)
 ORDER BY s.clientele, s.position, s.code;
