-- SPDX-License-Identifier: EUPL-1.2
-- Not without a code of it, which is checked in C (step, recovery).
SELECT remove_second_factor(:step, :recovery);
-- answer: get_second_factor
