-- SPDX-License-Identifier: EUPL-1.2
-- C has cleaned the bytes and named them by what is served. What is there already stays as it is, whoever brought it.
INSERT INTO media (hash, type, bytes, width, height, desk)
SELECT :hash, :type, :bytes, :width, :height, d.desk
  FROM desk_for_media(:city) AS d(desk)
    ON CONFLICT (hash) DO NOTHING;
SELECT r.hash,
       r.url,
       r.type,
       r.size,
       r.width,
       r.height,
       r.alternative_texts,
       r.credit,
       r.city,
       r.version,
       r.created_at,
       r.used,
       r.used_by,
       CASE WHEN r.created_at = claimed_at() THEN 201 ELSE 200 END AS _status,
       r.url AS _location,
       r.version AS _revision
  FROM media_record r
 WHERE r.hash = :hash;
