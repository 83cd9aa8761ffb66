-- SPDX-License-Identifier: EUPL-1.2
-- Locked first: whoever wants to show it meanwhile waits, and then finds it gone.
SELECT lock_for_media(:hash, '*');
SELECT problem('conflict_state', '[{"code":"media_used"}]')
  FROM media_record r
 WHERE r.hash = :hash
   AND r.used;
DELETE FROM media
 WHERE hash = :hash;
SELECT 204 AS _status;
