-- SPDX-License-Identifier: EUPL-1.2
-- Whoever begins where there is nothing yet goes on with the first transaction that had not ended.
SELECT jsonb_build_array(pg_snapshot_xmin(pg_current_snapshot())::text, '00000000-0000-0000-0000-000000000000', '', change_history(), :lang,
                         pg_snapshot_xmin(pg_current_snapshot())::text);
