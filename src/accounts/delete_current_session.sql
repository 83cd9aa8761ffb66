-- SPDX-License-Identifier: EUPL-1.2
-- A session that ends twice has ended.
SELECT close_session();
SELECT 204 AS _status;
