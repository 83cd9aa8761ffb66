-- SPDX-License-Identifier: EUPL-1.2
-- Nobody can ask for it before a city offers it.
SELECT lock_for_name('service', :code);
SELECT problem('duplicate', '[{"pointer":"/code","code":"name_taken"}]') WHERE EXISTS (SELECT FROM service s WHERE s.code = :code);
SELECT write_service(:body || jsonb_build_object('basis', :basis, 'position', :position, 'description', :description, 'questions', :questions,
                                                 'appointments', :appointments, 'active', :active));
SELECT s.code,
       '/v1/staff/services/' || s.code AS _location,
       201 AS _status
  FROM service s
 WHERE s.code = :code
   AND is_admin();
