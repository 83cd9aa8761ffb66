-- SPDX-License-Identifier: EUPL-1.2
-- A trigger holds it against the calendar, the other absences and the deputy; said twice it is said once.
INSERT INTO staff_absence (account, first_on, last_on, deputy)
VALUES (me(), :first_on, :last_on, :deputy);
SELECT 201 AS _status,
       '/v1/me/absences/' || a.first_on AS _location,
       a.first_on,
       a.last_on,
       d.id AS "deputy.id",
       d.display_name AS "deputy.display_name",
       today() BETWEEN a.first_on AND a.last_on AS now
  FROM staff_absence a
  LEFT JOIN my_deputy d ON d.first_on = a.first_on
 WHERE a.account = me()
   AND a.first_on = :first_on;
