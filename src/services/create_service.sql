-- SPDX-License-Identifier: EUPL-1.2
-- Nobody can ask for it before a city offers it.
SELECT require(NOT EXISTS (SELECT FROM service s WHERE s.code = :code), 'duplicate');
SELECT write_service(:body || jsonb_build_object('basis', :basis, 'position', :position, 'description', :description, 'questions', :questions,
                                                 'appointments', :appointments, 'active', :active));
SELECT s.code,
       '/v1/staff/services/' || s.code AS _location,
       201 AS _status
  FROM service s
 WHERE s.code = :code
   AND is_admin();
