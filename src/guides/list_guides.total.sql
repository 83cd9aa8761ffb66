-- SPDX-License-Identifier: EUPL-1.2
-- How many list_guides shows on all its pages.
SELECT count(*) AS total
  FROM public_guide g
 WHERE (:city IS NULL OR :city = ANY (g.cities))
   AND (:language IS NULL OR :language = ANY (g.language_tags))
   AND (:audience IS NULL OR :audience = ANY (g.audiences))
   AND (:topic IS NULL OR :topic = ANY (g.topics));
