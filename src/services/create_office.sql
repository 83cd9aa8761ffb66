-- SPDX-License-Identifier: EUPL-1.2
-- It answers nothing before a service is offered by it.
SELECT lock_for_name('office', concat_ws(' ', :city, :slug));
SELECT problem('duplicate', '[{"pointer":"/slug","code":"name_taken"}]')
 WHERE EXISTS (SELECT FROM office_public o WHERE o.city = coalesce(:city, '*') AND o.slug = :slug);
SELECT write_office(:body || jsonb_build_object('languages', :languages, 'closures', :closures, 'active', :active));
SELECT o.slug,
       nullif(o.city, '*') AS city,
       '/v1/staff/offices/' || coalesce(:city, 'region') || '/' || o.slug AS _location,
       201 AS _status
  FROM office_public o
 WHERE o.city = coalesce(:city, '*')
   AND o.slug = :slug
   AND is_admin();
