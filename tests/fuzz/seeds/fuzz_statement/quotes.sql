-- SPDX-License-Identifier: EUPL-1.2
/* a /* nested */ comment with :no parameter */
SELECT :first::text, E'it\'s; :no', 'a''b', "quoted "" name", $$ :no; $$, $tag$ $$ $tag$, list[1:2], x::int FROM t WHERE :second = :first;
UPDATE t SET a = :second;
