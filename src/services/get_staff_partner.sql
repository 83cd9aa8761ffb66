-- SPDX-License-Identifier: EUPL-1.2
-- With all words, the request it came from, and when it left.
SELECT (w->>'id')::uuid AS id,
       w->>'name' AS name,
       w->>'kind' AS kind,
       w->>'city' AS city,
       w->>'website' AS website,
       w->'description' AS description,
       (w->>'joined_on')::date AS joined_on,
       (w->>'left_on')::date AS left_on,
       (w->>'request')::uuid AS request,
       w->>'version' AS _revision
  FROM partner_whole(:id) AS w
 WHERE w IS NOT NULL;
