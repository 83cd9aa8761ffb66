-- SPDX-License-Identifier: EUPL-1.2
-- The same statements for known and unknown addresses; everything that differs the mailer does later.
SELECT request_sign_in(:email, :ctx_languages[1]);
SELECT 202 AS _status;
