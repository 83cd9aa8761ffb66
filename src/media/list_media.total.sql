-- SPDX-License-Identifier: EUPL-1.2
-- How many list_media shows on all its pages.
SELECT count(*) AS total
  FROM media_record r
 WHERE r.desk = ANY (my_desks() || '*'::text)
   AND (:city IS NULL OR r.desk = :city)
   AND (:unused IS NULL OR r.used <> :unused);
