-- SPDX-License-Identifier: EUPL-1.2
-- By one of the two; the function blocks the pair, pauses the match and tells the coordinators.
SELECT lock_for_match(:id);
SELECT report_match(:ctx_id, :id, :reason, :text);
SELECT r.id,
       r.state,
       r.match AS "match.id"
  FROM report r
 WHERE r.id = :ctx_id;
