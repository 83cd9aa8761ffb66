-- SPDX-License-Identifier: EUPL-1.2
-- At most ten titles for what was typed so far, each in the language in which it fits.
SELECT c.kind,
       c.id,
       t.slug,
       t.title,
       c.city,
       s.matched,
       :ctx_languages[1] AS "language.requested",
       t.language AS "language.served",
       t.language <> :ctx_languages[1] AS "language.fallback"
  FROM suggested(:q, :city, :kind, :ctx_languages) s
  JOIN content c ON c.id = s.content
  JOIN translation t ON t.content = s.content AND t.language = s.language
 ORDER BY s.n;
