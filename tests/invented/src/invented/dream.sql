-- SPDX-License-Identifier: EUPL-1.2
-- What C found while nobody waited.
SELECT :dream::text AS dream;
