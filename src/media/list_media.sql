-- SPDX-License-Identifier: EUPL-1.2
-- What the editor's desks brought and the region's, newest first.
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
       jsonb_build_array(r.created_at, r.hash)::text AS _cursor
  FROM media_record r
 WHERE r.desk = ANY (my_desks() || '*'::text)
   AND (:city IS NULL OR r.desk = :city)
   AND (:unused IS NULL OR r.used <> :unused)
   AND (:ctx_cursor IS NULL OR (r.created_at, r.hash) < ((:ctx_cursor->>0)::timestamptz, :ctx_cursor->>1))
 ORDER BY r.created_at DESC, r.hash DESC
 LIMIT :limit + 1;
