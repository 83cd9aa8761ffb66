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
       offers_in(s.code, :city, :ctx_languages) AS offers
  FROM service s
  JOIN service_version v ON v.service = s.code AND v.version = s.version
 CROSS JOIN LATERAL (SELECT language_of(v.name, :ctx_languages) AS tag) tongue
 WHERE s.code = :code
   AND s.active;
