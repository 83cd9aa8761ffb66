-- SPDX-License-Identifier: EUPL-1.2
-- Nothing here tells whether the address is known: that is settled when its owner confirms. Consent `true` is to the current text.
INSERT INTO guide (id, display_name, story, languages, cities, audiences, topics, capacity, asks_per_month, neighbours, remote,
                   gender, listed, consent_version, consent_language)
SELECT :ctx_id, :display_name, :story, :languages, :cities, :audiences, :topics, :capacity, :asks_per_month, :neighbours, :remote,
       :gender, :listed, c.version, c.language
  FROM consented('consent-guide', :consent, :cities[1], :ctx_languages) c;
SELECT await_confirmation('guide', :ctx_id, :email, :ctx_languages[1]);
SELECT :ctx_id AS id,
       'unverified' AS state;
