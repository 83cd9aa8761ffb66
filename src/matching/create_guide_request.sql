-- SPDX-License-Identifier: EUPL-1.2
-- Nothing here tells whether the address is known: that is settled when its owner confirms. Without a city only a guide far away
-- can help.
SELECT problem('validation_failed', '[{"pointer":"/city","code":"required"}]')
 WHERE :city IS NULL
   AND NOT :remote;
INSERT INTO guide_request (id, display_name, languages, city, remote, neighbours, audience, topics, arrival_on, message,
                           preferred_guide, share_contact, guide_gender, guide_gender_must, consent_version, consent_language)
SELECT :ctx_id, :display_name, :languages, :city, :remote, :neighbours, :audience, :topics, :arrival_on, :message,
       :preferred_guide, :share_contact, :guide_gender->>'value', coalesce((:guide_gender->>'must')::boolean, false),
       c.version, c.language
  FROM consented('consent-guide-request', :consent, :city, :ctx_languages) c;
SELECT await_confirmation('guide_request', :ctx_id, :email, :ctx_languages[1]);
SELECT :ctx_id AS id,
       'unverified' AS state;
