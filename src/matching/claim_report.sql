-- SPDX-License-Identifier: EUPL-1.2
-- Right, state and trace are the function's.
SELECT claim_report(:id, :take_over);
-- answer: get_report
