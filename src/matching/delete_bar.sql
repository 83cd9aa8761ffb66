-- SPDX-License-Identifier: EUPL-1.2
-- Right and trace are the function's; nothing that was ended comes back.
SELECT lift_bar(:id);
SELECT 204 AS _status;
