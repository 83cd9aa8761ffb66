-- SPDX-License-Identifier: EUPL-1.2
-- All of them or none; what a rule means is worked out by create_slots(), which writes for advisors of that city only.
SELECT create_slots(:body, :ctx_languages) AS items;
