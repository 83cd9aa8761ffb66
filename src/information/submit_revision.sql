-- SPDX-License-Identifier: EUPL-1.2
-- From here on it cannot be changed, only published, returned or discarded.
SELECT lock_for_revision(:id);
UPDATE revision
   SET state = 'in_review'
 WHERE id = :id
   AND state <> 'in_review';
-- answer: get_revision
