-- SPDX-License-Identifier: EUPL-1.2
-- Only the members sent change; triggers refuse what is matched or closed and cancel open proposals where the rules may have changed.
SELECT lock_for_request(:id);
SELECT require(r.account = me(), 'forbidden')
  FROM guide_request r
 WHERE r.id = :id;
SELECT problem('validation_failed', '[{"pointer":"/city","code":"required"}]')
  FROM guide_request r
 WHERE r.id = :id
   AND CASE WHEN :body ? 'city' THEN :city ELSE r.city END IS NULL
   AND NOT coalesce(:remote, r.remote);
UPDATE guide_request
   SET display_name = coalesce(:display_name, display_name),
       languages = coalesce(:languages, languages),
       city = CASE WHEN :body ? 'city' THEN :city ELSE city END,
       remote = coalesce(:remote, remote),
       neighbours = coalesce(:neighbours, neighbours),
       audience = coalesce(:audience, audience),
       topics = coalesce(:topics, topics),
       arrival_on = CASE WHEN :body ? 'arrival_on' THEN :arrival_on ELSE arrival_on END,
       message = coalesce(:message, message),
       preferred_guide = CASE WHEN :body ? 'preferred_guide' THEN :preferred_guide ELSE preferred_guide END,
       share_contact = coalesce(:share_contact, share_contact),
       guide_gender = CASE WHEN :body ? 'guide_gender' THEN :guide_gender->>'value' ELSE guide_gender END,
       guide_gender_must = CASE WHEN :body ? 'guide_gender' THEN coalesce((:guide_gender->>'must')::boolean, false) ELSE guide_gender_must END
 WHERE id = :id
   AND account = me();
-- answer: get_guide_request
