-- SPDX-License-Identifier: EUPL-1.2
-- C writes the bytes as what they are.
SELECT m.type,
       m.bytes
  FROM media m
 WHERE m.hash = :hash;
