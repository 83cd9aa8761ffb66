-- SPDX-License-Identifier: EUPL-1.2
-- One that moves, as C has found.
SELECT :kind::text AS kind, length(:bytes) AS size, get_byte(:bytes, 0) AS first, true AS moves;
