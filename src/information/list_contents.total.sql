-- SPDX-License-Identifier: EUPL-1.2
-- How many list_contents shows on all its pages.
SELECT count(*) AS total
  FROM content x
 WHERE x.desk = ANY ((SELECT my_desks())::text[])
   AND (:kind IS NULL OR x.kind = :kind)
   AND (:city IS NULL OR x.city = :city)
   AND (NOT :region OR x.city IS NULL)
   AND (x.archived_at IS NOT NULL) = (coalesce(:state, '') = 'archived')
   AND is_in_state(x, :state, :language)
   AND (:q IS NULL
        OR strpos(x.key, lower(:q)) > 0
        OR EXISTS (SELECT FROM translation t WHERE t.content = x.id AND strpos(lower(t.title), lower(:q)) > 0)
        OR EXISTS (SELECT FROM revision r WHERE r.content = x.id AND r.state IN ('draft', 'in_review')
                                            AND strpos(lower(r.title), lower(:q)) > 0));
