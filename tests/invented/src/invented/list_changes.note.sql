-- SPDX-License-Identifier: EUPL-1.2
-- A "quoted" text, or nothing to say.
SELECT 'kind "' || :kind || '"';
