-- SPDX-License-Identifier: EUPL-1.2
-- Who asked speaks to all offices that have it, and ends their waiting (a trigger); an advisor speaks for theirs. The id is made under the
-- lock, so that the timeline stands in the order in which things were said.
SELECT lock_for_service_request(:id);
INSERT INTO service_event (id, request, office_row, kind, public, by, actor, text)
SELECT uuid_v7(), :id, s.office_row, 'message', s.public, s.party, me(), :text
  FROM speaker(:id, :for_office, :public) AS s;
SELECT t.id,
       t.at,
       t.kind,
       t.public,
       t.by,
       t.author,
       t.office,
       t.text,
       t.detail,
       t.attachments
  FROM service_timeline(:id, :ctx_languages) AS t
 WHERE t.id = (SELECT e.id
                 FROM service_event e
                WHERE e.request = :id
                  AND e.kind = 'message'
                  AND e.actor = me()
                  AND e.at = claimed_at()
                ORDER BY e.id DESC
                LIMIT 1);
