-- SPDX-License-Identifier: EUPL-1.2
-- Of those who share a language and are no candidates: how many stop at what.
SELECT reasons_told(others_of(:id)) AS others;
