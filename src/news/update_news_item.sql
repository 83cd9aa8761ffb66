-- SPDX-License-Identifier: EUPL-1.2
-- Only the members sent change. Other cities are refused where the editor does not look after them.
SELECT lock_for_content(:id, 'news', :ctx_if_match);
SELECT change_content(:id, 'news', :body);
-- answer: get_content
