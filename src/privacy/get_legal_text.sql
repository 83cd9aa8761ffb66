-- SPDX-License-Identifier: EUPL-1.2
-- The city's text or else the region's; readers of other languages get it in English, then in German.
SELECT t.kind,
       nullif(t.city, '*') AS city,
       t.version,
       t.title,
       t.body_html,
       t.draft,
       :ctx_languages[1] AS "language.requested",
       t.language AS "language.served",
       t.language <> :ctx_languages[1] AS "language.fallback"
  FROM legal_text_for(:kind, :city, :ctx_languages) t
 WHERE t.kind IS NOT NULL;
