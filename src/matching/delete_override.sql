-- SPDX-License-Identifier: EUPL-1.2
-- Right and trace are the function's.
SELECT lift_override(:id, :guide);
SELECT 204 AS _status;
