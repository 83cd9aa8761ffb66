-- SPDX-License-Identifier: EUPL-1.2
-- How many list_editorial_tasks shows on all its pages.
SELECT count(*) AS total
  FROM editorial_task task
  LEFT JOIN content c ON c.id = task.content
 WHERE (:kind IS NULL OR task.kind = :kind)
   AND (:city IS NULL OR c.city = :city)
   AND (NOT :region OR c.city IS NULL)
   AND (:language IS NULL OR task.language = :language);
