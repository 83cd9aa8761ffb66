-- SPDX-License-Identifier: EUPL-1.2
-- Note 7 is there in version "v1".
SELECT n.id, n.text, n.version AS _revision
  FROM (VALUES (7, 'as it was', 'v1')) AS n(id, text, version)
 WHERE n.id = :id;
