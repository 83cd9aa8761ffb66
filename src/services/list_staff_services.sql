-- SPDX-License-Identifier: EUPL-1.2
-- Every service, those that are offered nowhere or no longer active included.
SELECT s.code,
       s.clientele,
       s.category,
       title_in(v.name, :ctx_languages) AS name,
       s.active,
       s.appointments,
       s.version,
       s.imported IS NULL AS changed_here,
       (SELECT coalesce(jsonb_agg(nullif(f.city, '*') ORDER BY f.city = '*', f.city), '[]') FROM service_offer f WHERE f.service = s.code) AS offered_in,
       s.updated_at
  FROM service s
  JOIN service_version v ON v.service = s.code AND v.version = s.version
 WHERE is_admin()
   AND (:clientele IS NULL OR s.clientele = :clientele)
   AND (:active IS NULL OR s.active = :active)
 ORDER BY s.clientele, s.position, s.code;
