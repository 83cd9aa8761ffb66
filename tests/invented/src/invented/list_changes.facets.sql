-- SPDX-License-Identifier: EUPL-1.2
-- What a choice among kinds would find.
SELECT jsonb_build_object('any', 3);
