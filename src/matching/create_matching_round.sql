-- SPDX-License-Identifier: EUPL-1.2
-- A dry run as round_codes.c found it: nothing of it is stored.
SELECT NULL::uuid AS id,
       (:round->>'seed')::bigint AS seed,
       (:round->>'second')::boolean AS second,
       (:round->>'weights')::integer AS weights,
       (:round->>'prices')::integer AS prices,
       (:round->>'started_at')::timestamptz AS started_at,
       clock() AS finished_at,
       (:round->>'requests')::integer AS requests,
       (:round->>'guides')::integer AS guides,
       (:round->>'pairs')::integer AS pairs,
       (:round->>'placed')::integer AS placed,
       0 AS proposed,
       :round->'certificate' AS certificate,
       :round->'proposals' AS proposals,
       (SELECT coalesce(jsonb_agg(jsonb_build_object('guide_request', jsonb_build_object('id', u->>'request'), 'speakers', u->'speakers',
                                                     'reasons', reasons_told(u->'reasons')) ORDER BY u->>'request'), '[]')
          FROM jsonb_array_elements(:round->'unplaced') AS u) AS unplaced,
       :round->'difference' AS difference,
       :round->'pins_ignored' AS pins_ignored
 WHERE sees_rounds();
