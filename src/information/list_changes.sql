-- SPDX-License-Identifier: EUPL-1.2
-- In the order of transactions, and only as far as all before have ended: a row may come to be behind one that was shown, never before
-- it. What a reader gets is as of now, whenever the row was touched. A place says also of which history and language it is, since to the
-- core `lang` selects no rows, and from which transaction on the reader has to be told what is gone: since the first page.
-- As in their lists, without a city come all cities' places, events and stories, but the region's articles and news alone.
SELECT problem('validation_failed', '[{"parameter":"after","code":"invalid_cursor"}]')
 WHERE (:ctx_cursor->>3, :ctx_cursor->>4) IS DISTINCT FROM (change_history(), :lang)
   AND :ctx_cursor IS NOT NULL;
SELECT x.kind,
       x.content AS id,
       x.language,
       CASE WHEN x.given THEN 'put' ELSE 'delete' END AS change,
       x.at,
       CASE WHEN x.given THEN change_object(x.content, x.language, :city, :ctx_languages) END AS object,
       jsonb_build_array(x.xid::text, x.content, x.language, change_history(), :lang,
                         coalesce(:ctx_cursor->>5, pg_snapshot_xmin(pg_current_snapshot())::text))::text AS _cursor
  FROM (SELECT c.content, c.language, c.kind, c.at, c.xid, coalesce(now.given, false) AS given
          FROM change c
          LEFT JOIN LATERAL (
                 SELECT a.shown
                        AND t.content IS NOT NULL
                        AND (reach_of(a.city, n.cities) && ARRAY['*', :city] OR (:city IS NULL AND c.kind IN ('place', 'event', 'story')))
                        AND (n.content IS NULL OR (n.publishes_at <= clock() AND coalesce(n.expires_at > clock(), true)))
                        AND NOT EXISTS (SELECT FROM content own WHERE own.replaces = a.id AND own.city = :city AND own.shown) AS given
                   FROM content a
                   LEFT JOIN translation t ON t.content = a.id AND t.language = c.language
                   LEFT JOIN news n ON n.content = a.id
                  WHERE a.id = c.content) now ON true
         WHERE (c.xid, c.content, c.language) > (coalesce((:ctx_cursor->>0)::xid8, '0'),
                                                 coalesce((:ctx_cursor->>1)::uuid, '00000000-0000-0000-0000-000000000000'),
                                                 coalesce(:ctx_cursor->>2, ''))
           AND c.xid < pg_snapshot_xmin(pg_current_snapshot())
           AND (c.scopes && ARRAY['*', :city] OR (:city IS NULL AND c.kind IN ('place', 'event', 'story')))
           AND coalesce(c.kind = :kind, :kind IS NULL)
           AND coalesce(c.language = :lang, :lang IS NULL)
           AND (now.given OR c.xid >= coalesce((:ctx_cursor->>5)::xid8, pg_snapshot_xmin(pg_current_snapshot())))
         ORDER BY c.xid, c.content, c.language
         LIMIT :limit + 1) x
 ORDER BY x.xid, x.content, x.language;
