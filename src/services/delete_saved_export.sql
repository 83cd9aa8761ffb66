-- SPDX-License-Identifier: EUPL-1.2
-- What it found stays where it is.
SELECT require(EXISTS (SELECT FROM saved_export e WHERE e.id = :id AND e.account = me()), 'not_found');
DELETE FROM saved_export e
 WHERE e.id = :id
   AND e.account = me();
SELECT 204 AS _status;
