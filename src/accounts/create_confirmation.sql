-- SPDX-License-Identifier: EUPL-1.2
-- The access token is made in C (access_token, access_token_hash); the function proves the address, does what was asked and refuses by
-- problem code.
SELECT :access_token AS access_token,
       s.expires_at,
       s.account AS "account.id",
       s.email AS "account.email",
       s.language AS "account.language",
       s.roles AS "account.roles",
       s.cities AS "account.cities",
       s.second_factor,
       s.subject_kind AS "subject.kind",
       s.subject_id AS "subject.id",
       s.subject_state AS "subject.state"
  FROM confirm_token(sha256(convert_to(:token, 'UTF8')), :access_token_hash) s;
