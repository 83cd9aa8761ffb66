-- SPDX-License-Identifier: EUPL-1.2
-- search_found() says what fits and how well. Title and summary are in the language the reader gets; what is highlighted is in the
-- language in which it was found, often the same. `highlight` is the words to mark, a separator, and the text to find them in: C
-- makes the passage of it. Texts are looked for when the page is cut; the marks are worked out once, not for each of its rows.
WITH page AS (
  SELECT f.content, f.kind, f.language, f.rank, f.matched
    FROM search_found(:q, :city, :ctx_languages, true) f
   WHERE (:kind IS NULL OR f.kind = :kind)
     AND (:topic IS NULL OR :topic = ANY (f.topics))
     AND (:ctx_cursor IS NULL OR (-f.rank, f.content) > ((:ctx_cursor->>0)::integer, (:ctx_cursor->>1)::uuid))
   ORDER BY -f.rank, f.content
   LIMIT :limit + 1
), marks AS MATERIALIZED (
  SELECT search_marks(:q, :ctx_languages, (SELECT min(p.matched) FROM page p)) AS words
)
SELECT page.kind,
       page.content AS id,
       t.slug,
       t.title,
       t.summary,
       marks.words || chr(30) || concat_ws(' ', nullif(found.summary, ''), found.body_text) AS highlight,
       c.city,
       c.topics,
       page.matched,
       page.language AS matched_language,
       t.published_at AS updated_at,
       :ctx_languages[1] AS "language.requested",
       t.language AS "language.served",
       t.language <> :ctx_languages[1] AS "language.fallback",
       t.method AS "provenance.method",
       t.source_language AS "provenance.source_language",
       t.source_revision AS "provenance.source_revision",
       t.reviewed_at AS "provenance.reviewed_at",
       '[' || -page.rank || ',"' || page.content || '"]' AS _cursor
  FROM page
 CROSS JOIN marks
  JOIN content c ON c.id = page.content
  JOIN translation found ON found.content = page.content AND found.language = page.language
 CROSS JOIN LATERAL (
         SELECT p.slug, p.title, p.summary, p.published_at, p.language, p.method, p.source_language, p.source_revision, p.reviewed_at
           FROM translation p
          WHERE p.content = page.content
          ORDER BY array_position(:ctx_languages, p.language) NULLS LAST, p.language
          LIMIT 1) t
 ORDER BY -page.rank, page.content;
