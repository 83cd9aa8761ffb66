-- SPDX-License-Identifier: EUPL-1.2
-- Which bars hold against an account: by a keyed hash of its mailbox, so that they do where nobody knew whose it is.

CREATE OR REPLACE FUNCTION mailbox_key(address text) RETURNS bytea
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS
$$ SELECT sha256(setting_secret() || convert_to('bar ' || mailbox_of(address), 'UTF8')) $$;

CREATE OR REPLACE FUNCTION my_mailbox_key() RETURNS bytea
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS
$$ SELECT mailbox_key(a.email) FROM account a WHERE a.id = me() $$;

-- The account's, those of its mailbox, and those at former addresses which went along with the account: they are of the same moment.
CREATE OR REPLACE FUNCTION bars_of(account uuid) RETURNS SETOF bar
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  mailbox bytea := (SELECT mailbox_key(a.email) FROM account a WHERE a.id = $1);
BEGIN
  RETURN QUERY
    SELECT b.* FROM bar b WHERE b.account = $1
    UNION SELECT b.* FROM bar b WHERE b.key = mailbox
    UNION SELECT f.* FROM bar b JOIN bar f ON (f.city, f.made_at) = (b.city, b.made_at) AND f.account IS NULL
           WHERE b.key = mailbox AND b.account IS NULL;
END
$$;

CREATE OR REPLACE FUNCTION my_bars() RETURNS uuid[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS
$$ SELECT ARRAY(SELECT b.id FROM bars_of(me()) b) $$;
