-- SPDX-License-Identifier: EUPL-1.2
-- Without a body the bytes are NULL.
SELECT coalesce(length(:bytes), -1) AS size;
