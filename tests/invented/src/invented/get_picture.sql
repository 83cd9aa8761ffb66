-- SPDX-License-Identifier: EUPL-1.2
-- Its bytes are its name; without a name there is none.
SELECT p.name, convert_to(p.name, 'UTF8') AS bytes
  FROM (VALUES (:name::text)) AS p(name)
 WHERE p.name <> 'none';
