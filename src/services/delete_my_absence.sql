-- SPDX-License-Identifier: EUPL-1.2
-- Back, or never gone.
SELECT require(EXISTS (SELECT FROM staff_absence a WHERE a.account = me() AND a.first_on = :first_on), 'not_found');
DELETE FROM staff_absence a
 WHERE a.account = me()
   AND a.first_on = :first_on;
SELECT 204 AS _status;
