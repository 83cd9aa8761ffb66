-- SPDX-License-Identifier: EUPL-1.2
-- From the next round on the two may be brought together again, as far as everything else allows it.
SELECT require(EXISTS (SELECT FROM own_block b WHERE b.id = :id AND b.blocker = me()), 'not_found');
DELETE FROM own_block b
 WHERE b.id = :id
   AND b.blocker = me();
SELECT 204 AS _status;
