-- SPDX-License-Identifier: EUPL-1.2
-- C writes the bytes, of the row or of the file it has read meanwhile.
SELECT a.name,
       a.type,
       a.size,
       a.bytes
  FROM service_attachment a
  JOIN service_request r ON r.id = a.request
 WHERE a.id = :attachment
   AND a.request = :id
   AND (r.account = me() OR r.handled_by && my_advised());
