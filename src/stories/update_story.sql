-- SPDX-License-Identifier: EUPL-1.2
-- Only the members sent change.
SELECT lock_for_content(:id, 'story', :ctx_if_match);
SELECT change_content(:id, 'story', :body);
-- answer: get_content
