-- SPDX-License-Identifier: EUPL-1.2
-- A new address becomes the account's only when it is confirmed, so the answer still shows the old one.
UPDATE account
   SET language = coalesce(:language, language)
 WHERE id = me();
SELECT await_confirmation('account', a.id, :email, a.language)
  FROM account a
 WHERE a.id = me()
   AND lower(:email) <> lower(a.email);
SELECT a.id,
       a.email,
       a.language,
       my_roles() || CASE WHEN g.state NOT IN ('rejected', 'left') THEN ARRAY['guide'] ELSE '{}' END AS roles,
       staff_cities() AS cities,
       g.id AS "guide.id",
       g.state AS "guide.state",
       coalesce((SELECT jsonb_agg(jsonb_build_object('id', r.id, 'state', r.state) ORDER BY r.id DESC)
                   FROM guide_request r
                  WHERE r.account = me()), '[]') AS guide_requests,
       '[]'::jsonb AS service_requests
  FROM account a
  LEFT JOIN guide g ON g.id = my_guide()
 WHERE a.id = me();
