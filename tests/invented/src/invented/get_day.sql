-- SPDX-License-Identifier: EUPL-1.2
-- "none" has no row, "secret" one that C refuses to write.
SELECT :name::text AS name, 'de' AS "language.served", '\x00ff41'::bytea AS bytes
 WHERE :name <> 'none';
