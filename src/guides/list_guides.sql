-- SPDX-License-Identifier: EUPL-1.2
-- The window knows listed guides only and nothing by which to reach them; ids tell the time, so the newest stand first.
SELECT g.id,
       g.display_name,
       g.story,
       g.languages,
       g.cities,
       g.audiences,
       g.topics,
       g.taking,
       '["' || g.id || '"]' AS _cursor
  FROM public_guide g
 WHERE g.id < coalesce((:ctx_cursor->>0)::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
   AND (:city IS NULL OR :city = ANY (g.cities))
   AND (:language IS NULL OR :language = ANY (g.language_tags))
   AND (:audience IS NULL OR :audience = ANY (g.audiences))
   AND (:topic IS NULL OR :topic = ANY (g.topics))
 ORDER BY g.id DESC
 LIMIT :limit + 1;
