-- SPDX-License-Identifier: EUPL-1.2
-- How many things search finds on all its pages.
SELECT count(*) AS total
  FROM search_found(:q, :city, :ctx_languages, false) f
 WHERE (:kind IS NULL OR f.kind = :kind)
   AND (:topic IS NULL OR :topic = ANY (f.topics));
