-- SPDX-License-Identifier: EUPL-1.2
-- All pages together.
SELECT count(*) FROM generate_series(1, 3) WHERE coalesce(:kind, 'any') = 'any';
