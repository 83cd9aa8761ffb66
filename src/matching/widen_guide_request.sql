-- SPDX-License-Identifier: EUPL-1.2
-- Only ever wider, so that what is proposed still fits; what is open already stays so, and repeating it changes nothing.
SELECT problem('validation_failed', '[{"pointer":"","code":"nothing_to_widen"}]')
 WHERE NOT (:neighbours OR :remote);
SELECT lock_for_request(:id);
SELECT widen_request(:id, :neighbours, :remote);
-- answer: get_guide_request
