-- SPDX-License-Identifier: EUPL-1.2
-- Only the members sent change; hours and contacts as a whole. Triggers refuse other desks and hours that contradict each other.
SELECT lock_for_content(:id, 'place', :ctx_if_match);
SELECT change_content(:id, 'place', :body);
-- answer: get_content
