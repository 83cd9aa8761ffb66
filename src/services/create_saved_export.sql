-- SPDX-License-Identifier: EUPL-1.2
-- Private to who saves it.
INSERT INTO saved_export (id, account, name, filter)
VALUES (:ctx_id, me(), :name, jsonb_strip_nulls(:filter));
SELECT 201 AS _status,
       '/v1/saved-exports/' || e.id || '/csv' AS _location,
       e.id,
       e.name,
       e.filter,
       e.created_at
  FROM saved_export e
 WHERE e.id = :ctx_id
   AND e.account = me();
