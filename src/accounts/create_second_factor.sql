-- SPDX-License-Identifier: EUPL-1.2
-- The secret is made in C (secret, sealed), where it is encrypted for the table.
SELECT enrol_second_factor(:sealed);
SELECT 201 AS _status,
       :secret AS secret,
       'otpauth://totp/' || url_component(:issuer) || ':' || url_component(a.email) || '?secret=' || :secret
       || '&issuer=' || url_component(:issuer) || '&algorithm=SHA1&digits=6&period=30' AS otpauth_uri
  FROM account a
 WHERE a.id = me();
