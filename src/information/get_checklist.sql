-- SPDX-License-Identifier: EUPL-1.2
-- The rules that may hold for whoever asks: what was not said excludes nothing, but a city's own rules need the city. By the day they are
-- due, which only a day of arrival gives; what has none comes last.
SELECT problem('validation_failed', jsonb_build_array(jsonb_build_object('parameter', 'citizenship', 'code', 'contradiction',
                                                                         'limit', 'nationality=' || c.code)))
  FROM country c
 WHERE c.code = :nationality
   AND citizenship_of(c.entry_group) <> :citizenship;

SELECT r.code,
       t.title,
       t.why,
       d.due_on,
       t.due AS due_rule,
       r.stages,
       article_link(r.article, :city, :ctx_languages) AS article,
       (SELECT string_agg(s.source ->> 'basis', '; ' ORDER BY s.n) FROM jsonb_array_elements(r.sources) WITH ORDINALITY AS s(source, n)) AS legal_basis,
       r.sources,
       concat_ws(E'\n\n', t.why, t.due, (SELECT string_agg((s.source ->> 'basis') || ': ' || (s.source ->> 'source'), E'\n' ORDER BY s.n)
                                        FROM jsonb_array_elements(r.sources) WITH ORDINALITY AS s(source, n))) AS description,
       rfc3339(greatest(r.changed_at, t.changed_at)) AS changed_at,
       r.reviewed_on,
       :ctx_languages[1] AS "language.requested",
       t.language AS "language.served",
       t.language <> :ctx_languages[1] AS "language.fallback",
       jsonb_build_object('method', t.method, 'source_language', t.source_language, 'source_revision', NULL,
                          'reviewed_at', rfc3339(t.reviewed_on::timestamp AT TIME ZONE 'UTC')) AS provenance
  FROM checklist_rule r
 CROSS JOIN LATERAL (
         SELECT x.language, x.title, x.why, x.due, x.method, x.source_language, x.reviewed_on, x.changed_at
           FROM checklist_text x
          WHERE x.rule = r.code
          ORDER BY array_position(:ctx_languages, x.language) NULLS LAST, x.language
          LIMIT 1) t
 CROSS JOIN LATERAL (
         SELECT last_day_of_period(:arrival, r.deadline_amount, r.deadline_unit, r.deadline_counted, r.deadline_last_day) AS due_on) d
 WHERE :audience = ANY (r.audiences)
   AND (:stage IS NULL OR :stage = ANY (r.stages))
   AND (r.cities = '{}' OR :city = ANY (r.cities))
   AND (r.citizenship = '{}' OR coalesce(r.citizenship && (SELECT citizenship_words(:citizenship, :nationality)), true))
   AND (:children OR NOT r.children)
 ORDER BY d.due_on NULLS LAST, r.position, r.code;
