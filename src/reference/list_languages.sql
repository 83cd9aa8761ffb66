-- SPDX-License-Identifier: EUPL-1.2
-- name is the tag here; C writes the language's name in the reader's language.
SELECT l.tag,
       l.autonym,
       l.tag AS name,
       l.dir
  FROM language l
 ORDER BY l.position, l.tag;
