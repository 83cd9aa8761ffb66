-- SPDX-License-Identifier: EUPL-1.2
-- What the provider says was checked in C (email, verified), which makes the access token too; the function refuses by problem code.
SELECT :access_token AS access_token,
       s.expires_at,
       s.account AS "account.id",
       s.email_known AS "account.email",
       s.language AS "account.language",
       s.roles AS "account.roles",
       s.cities AS "account.cities",
       s.second_factor,
       s.subject_kind AS "subject.kind",
       s.subject_id AS "subject.id",
       s.subject_state AS "subject.state"
  FROM open_staff_session(:email, :access_token_hash, :verified) s;
