-- SPDX-License-Identifier: EUPL-1.2
-- Of every desk, since every desk may show it.
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
       r.version AS _revision
  FROM media_record r
 WHERE r.hash = :hash;
