-- SPDX-License-Identifier: EUPL-1.2
-- By who keeps the partners, mostly when a request to join has been resolved.
SELECT write_partner(:ctx_id, :body);
SELECT p.id,
       '/v1/staff/partners/' || p.id AS _location,
       201 AS _status
  FROM partner p
 WHERE p.id = :ctx_id
   AND keeps_partners();
