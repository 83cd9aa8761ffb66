-- SPDX-License-Identifier: EUPL-1.2
-- Texts of languages that are not named stay; a trigger keeps those that are needed.
SELECT lock_for_media(:hash, :ctx_if_match);
UPDATE media
   SET alternative_texts = texts_merged(alternative_texts, :alternative_texts),
       credit = CASE WHEN :body ? 'credit' THEN :credit ELSE credit END
 WHERE hash = :hash;
-- answer: get_media_record
