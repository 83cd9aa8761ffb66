-- SPDX-License-Identifier: EUPL-1.2
-- A new address becomes the account's only when it is confirmed, so the answer still shows the old one.
UPDATE account
   SET language = coalesce(:language, language)
 WHERE id = me();
SELECT await_confirmation('account', a.id, :email, a.language)
  FROM account a
 WHERE a.id = me()
   AND lower(:email) <> lower(a.email);
-- answer: get_me
