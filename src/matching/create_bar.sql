-- SPDX-License-Identifier: EUPL-1.2
-- The function tests the right, locks what goes on for the person, and ends it.
SELECT problem('validation_failed', CASE WHEN :email IS NULL THEN '[{"pointer":"/email","code":"required"}]'::jsonb
                                         ELSE '[{"pointer":"/email","code":"contradiction","limit":"guide_request"}]' END)
 WHERE (:guide_request IS NULL) = (:email IS NULL);
SELECT lock_for_bar(:guide_request, :email, :city);
SELECT make_bar(:ctx_id, :guide_request, :email, :city, :reason, coalesce(:message, ''));
SELECT b.id,
       b.name,
       b.account AS "account.id",
       nullif(b.city, '*') AS city,
       b.reason,
       nullif(b.message, '') AS message,
       b.made_at AS since,
       b.made_at + kept_for('bars') AS until
  FROM bar b
 WHERE b.id = :ctx_id
   AND b.city = ANY (my_cities());
