-- SPDX-License-Identifier: EUPL-1.2
-- A match that is active ends by who blocks; the function cancels what is open between the two. The rules of matching know blocks as H5.
SELECT problem('validation_failed', CASE WHEN :proposal IS NULL THEN '[{"pointer":"/proposal","code":"required"}]'::jsonb
                                         ELSE '[{"pointer":"/proposal","code":"contradiction","limit":"match"}]' END)
 WHERE (:proposal IS NULL) = (:match IS NULL);
SELECT lock_for_party(:proposal, :match);
UPDATE match m
   SET state = 'ended',
       ended_reason = 'personal'
  FROM other_of(:proposal, :match) AS o
 WHERE m.state = 'active'
   AND (m.guide_account, m.request_account) IN ((me(), o.account), (o.account, me()));
SELECT block_other(:ctx_id, :proposal, :match);
SELECT b.id,
       b.name,
       b.created_at
  FROM own_block b
 WHERE b.id = :ctx_id
   AND b.blocker = me();
