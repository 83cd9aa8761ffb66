-- SPDX-License-Identifier: EUPL-1.2
-- A picture that stands still.
SELECT :kind::text AS kind, length(:bytes) AS size, get_byte(:bytes, 0) AS first, false AS moves;
