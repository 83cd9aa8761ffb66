-- SPDX-License-Identifier: EUPL-1.2
-- The marks of what the seals of the record and the second factor brought.

-- migrate:up
SET LOCAL search_path = welcome, pg_temp;

SELECT mark('audit_seal', 'technical: hashes and counts of the record', '*');
SELECT mark('audit', 'technical: the seal, and a mark that tells nobody without its salt', 'salt mark seal');
COMMENT ON TABLE second_factor IS 'purpose: to make sure that staff are who they say; people: staff; recipients: nobody';
SELECT mark('second_factor', 'personal: since when somebody has a second factor, and how often it was tried in vain; task; accounts',
            'account created_at confirmed_at attempts blocked_until');
SELECT mark('second_factor', 'technical: the sealed secret and the newest code used', '*');
COMMENT ON TABLE recovery_code IS 'purpose: to let staff in who have lost their second factor; people: staff; recipients: nobody';
SELECT mark('recovery_code', 'personal: which codes were used, and when; task; accounts', 'account used_at');
SELECT mark('recovery_code', 'technical: a hash', '*');
SELECT mark('oidc_sign_in', 'technical: hashes of a sign-in that has begun', '*');
SELECT mark('session', 'personal: when the second factor was given; task; expiry', 'verified_at');
RESET search_path;

-- migrate:down
