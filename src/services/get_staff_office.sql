-- SPDX-License-Identifier: EUPL-1.2
-- With its mailbox, all words, and the days on which it will be closed. `region` is where the region's own offices are.
SELECT w->>'city' AS city,
       w->>'slug' AS slug,
       w->'name' AS name,
       w->'languages' AS languages,
       w->>'address' AS address,
       w->>'phone' AS phone,
       w->>'website' AS website,
       w->>'email' AS email,
       w->'opening_hours' AS opening_hours,
       (w->>'active')::boolean AS active,
       w->'closures' AS closures,
       w->>'version' AS _revision
  FROM office_whole(CASE :city WHEN 'region' THEN '*' ELSE :city END, :slug) AS w
 WHERE w IS NOT NULL;
