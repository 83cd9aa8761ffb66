-- SPDX-License-Identifier: EUPL-1.2
-- What coordinators wrote and did about a report is not for who reported: it is about the other.

-- migrate:up
SET LOCAL search_path = welcome, pg_temp;

SELECT mark('report', 'personal: what coordinators found out; interest; reports; not exported: people look through it first', 'note');
SELECT mark('report', 'personal: what was done about the other; interest; reports; not exported: it is about the other', 'measure');

RESET search_path;

-- migrate:down
SET LOCAL search_path = welcome, pg_temp;

SELECT mark('report', 'personal: what one says of the other, and what was done; interest; reports', 'note');
SELECT mark('report', 'personal: of which proposal, and what came of it; interest; reports', 'measure');

RESET search_path;
