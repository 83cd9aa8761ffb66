-- SPDX-License-Identifier: EUPL-1.2
-- No row at all: C writes the figure, and nothing found is fine where no 404 is documented.
SELECT 1 AS one
 WHERE false;
