-- SPDX-License-Identifier: EUPL-1.2
-- Blocks of people against each other, and bars: who may neither ask for a guide nor be one. A bar holds for a mailbox, by a keyed hash, so
-- that it outlives the account; what is the public's (information, service requests, one's own data) stays open to everybody.

CREATE OR REPLACE FUNCTION is_barred(account uuid) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  RETURN (SELECT EXISTS (SELECT FROM bar b WHERE b.account = a.id OR b.key = mailbox_key(a.email)) FROM account a WHERE a.id = $1);
END
$$;

-- Who of a proposal or match is not who asks, and their name as it was shown there; under lock_for_party().
CREATE OR REPLACE FUNCTION other_of(proposal uuid, match uuid) RETURNS TABLE (account uuid, name text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
  SELECT CASE me() WHEN p.guide_account THEN p.request_account ELSE p.guide_account END,
         CASE me() WHEN p.guide_account THEN r.display_name ELSE g.display_name END
    FROM proposal p
    JOIN guide_request r ON r.id = p.request
    JOIN guide g ON g.id = p.guide
   WHERE p.id = coalesce(other_of.proposal, (SELECT m.proposal FROM match m WHERE m.id = other_of.match))
     AND (p.guide_account = me() OR p.request_account = me() AND p.shown_at IS NOT NULL)
$$;

-- Under lock_for_party(): H5 in both directions from now on, and nothing that is open between the two stays.
CREATE OR REPLACE FUNCTION block_other(id uuid, proposal uuid, match uuid) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  other record;
BEGIN
  SELECT * INTO other FROM other_of(block_other.proposal, block_other.match);
  PERFORM require(NOT EXISTS (SELECT FROM own_block b WHERE b.blocker = me() AND b.blocked = other.account), 'duplicate');
  INSERT INTO own_block (id, blocker, blocked, name) VALUES (block_other.id, me(), other.account, other.name);
  UPDATE proposal p SET state = 'cancelled'
   WHERE (p.guide_account, p.request_account) IN ((me(), other.account), (other.account, me())) AND p.state IN ('open', 'awaiting_newcomer');
END
$$;

-- Sessions, links and waiting mails that lead to guides, requests, proposals and matches; links to service requests stay.
CREATE OR REPLACE FUNCTION end_access(account uuid) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
  DELETE FROM login_token t WHERE t.account = $1 AND t.kind = 'task' AND t.subject_kind <> 'service_request';
  DELETE FROM session s WHERE s.account = $1 AND s.kind IS DISTINCT FROM 'service_request';
  DELETE FROM outbox o WHERE o.account = $1 AND o.state = 'waiting' AND o.subject_kind IN ('guide', 'guide_request', 'proposal', 'match');
$$;

-- Accounts of that mailbox of which one sees a request or profile, the one of the very address first.
CREATE OR REPLACE FUNCTION people_of_mailbox(address text) RETURNS uuid[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  RETURN ARRAY(
    SELECT a.id
      FROM account a
     WHERE left(lower(a.email), 1) = left(mailbox_of(address), 1) AND mailbox_of(a.email) = mailbox_of(address)
       AND (EXISTS (SELECT FROM guide_request r WHERE r.account = a.id AND r.handled_by = ANY (my_cities()))
            OR EXISTS (SELECT FROM guide g WHERE g.account = a.id AND g.home_city = ANY (my_cities())))
     ORDER BY lower(a.email) <> lower(btrim(address)), a.id);
END
$$;

-- Everything that goes on for the person ends here and now, in either part. The others are told that it is over, not why. True: a profile was
-- among it, and its mail tells the person.
CREATE OR REPLACE FUNCTION end_everything(person uuid, city text, message text) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  as_guide boolean;
BEGIN
  PERFORM end_access(person);
  UPDATE guide g SET state = CASE WHEN g.state IN ('active', 'paused') THEN 'suspended' ELSE 'rejected' END, decision_reason = nullif(message, '')
   WHERE g.account = person AND g.state IN ('active', 'paused', 'applied', 'in_screening');
  as_guide := FOUND;
  UPDATE guide_request r SET state = 'closed', closed_as = 'withdrawn' WHERE r.account = person AND r.state NOT IN ('closed', 'unverified');
  PERFORM mail('match_ended_guide', m.guide_account, 'match', m.id) FROM match m WHERE m.request_account = person AND m.state = 'active';
  UPDATE match m SET state = 'ended', ended_reason = 'other' WHERE m.request_account = person AND m.state = 'active';
  PERFORM record('suspend_person', 'account', person, nullif(city, '*'));
  RETURN as_guide;
END
$$;

-- After lock_people(): a bar, and the end of everything for the person, under whatever name of the mailbox one sees them.
CREATE OR REPLACE FUNCTION suspend_person(id uuid, account uuid, city text, reason text, message text) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  mailbox text := (SELECT a.email FROM account a WHERE a.id = suspend_person.account);
  people  uuid[];
  told    boolean := false;
BEGIN
  PERFORM lock_for_name('bar', encode(mailbox_key(mailbox), 'hex'));
  people := suspend_person.account || array_remove(people_of_mailbox(mailbox), suspend_person.account);
  PERFORM lock_people(people);
  INSERT INTO bar (id, key, account, name, city, reason, message, made_by)
  SELECT suspend_person.id, mailbox_key(mailbox), suspend_person.account,
         coalesce((SELECT r.display_name FROM guide_request r WHERE r.account = suspend_person.account ORDER BY r.id DESC LIMIT 1),
                  (SELECT g.display_name FROM guide g WHERE g.account = suspend_person.account ORDER BY g.id DESC LIMIT 1)),
         suspend_person.city, suspend_person.reason, suspend_person.message, me()
      ON CONFLICT ON CONSTRAINT bar_key_city_key DO UPDATE
     SET account = excluded.account, name = excluded.name, reason = excluded.reason, message = excluded.message, made_by = excluded.made_by,
         made_at = clock();
  FOR n IN 1 .. cardinality(people) LOOP
    told := end_everything(people[n], suspend_person.city, suspend_person.message) OR told;
  END LOOP;
  IF NOT told THEN
    PERFORM mail('account_suspended', suspend_person.account, 'bar', b.id)
       FROM bar b WHERE b.key = mailbox_key(mailbox) AND b.city = suspend_person.city;
  END IF;
END
$$;

-- The address that a bar is about.
CREATE OR REPLACE FUNCTION address_to_bar(guide_request uuid, email text) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  RETURN coalesce((SELECT a.email FROM guide_request r JOIN account a ON a.id = r.account WHERE r.id = address_to_bar.guide_request),
                  address_to_bar.email);
END
$$;

-- First where a bar is made.
CREATE OR REPLACE FUNCTION lock_for_bar(guide_request uuid, email text, city text) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  mailbox text := address_to_bar(guide_request, email);
BEGIN
  PERFORM require(lock_for_bar.guide_request IS NULL OR EXISTS (SELECT FROM guide_request r WHERE r.id = lock_for_bar.guide_request
                     AND r.handled_by = ANY (my_cities()) AND r.state <> 'unverified'), 'not_found');
  PERFORM require(lock_for_bar.guide_request IS NOT NULL OR coalesce(lock_for_bar.city, '*') = ANY (my_cities()), 'forbidden');
  PERFORM require(mailbox_key(mailbox) IS DISTINCT FROM my_mailbox_key(), 'forbidden');
  PERFORM lock_people(people_of_mailbox(mailbox));
END
$$;

-- Under lock_for_bar(). An address that nobody here has yet is barred all the same: whoever confirms it later is told so, whoever does so at the
-- same moment is waited for and suspended.
CREATE OR REPLACE FUNCTION make_bar(id uuid, guide_request uuid, email text, city text, reason text, message text) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  person  uuid;
  mailbox text := address_to_bar(guide_request, email);
  whose   text := coalesce((SELECT r.handled_by FROM guide_request r WHERE r.id = make_bar.guide_request), make_bar.city, '*');
BEGIN
  PERFORM lock_for_name('bar', encode(mailbox_key(mailbox), 'hex'));
  PERFORM require(NOT EXISTS (SELECT FROM bar b WHERE b.key = mailbox_key(mailbox) AND b.city = whose), 'duplicate');
  person := (people_of_mailbox(mailbox))[1];
  IF person IS NOT NULL THEN
    PERFORM suspend_person(make_bar.id, person, whose, make_bar.reason, make_bar.message);
  ELSE
    INSERT INTO bar (id, key, city, reason, message, made_by) VALUES (make_bar.id, mailbox_key(mailbox), whose, make_bar.reason, make_bar.message, me());
    PERFORM record('bar_address', 'bar', make_bar.id, nullif(whose, '*'));
  END IF;
END
$$;

-- What was ended stays ended; who may ask again is told so. The other addresses to which it went along are free as well. One's own is for others to lift.
CREATE OR REPLACE FUNCTION lift_bar(bar uuid) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  gone bar;
BEGIN
  DELETE FROM bar b WHERE b.id = lift_bar.bar AND b.city = ANY (my_cities()) AND b.id <> ALL (my_bars())
  RETURNING * INTO gone;
  PERFORM require(FOUND, 'not_found');
  DELETE FROM bar b
   WHERE b.city = gone.city
     AND (b.account = gone.account OR gone.account IS NULL AND b.account IS NULL AND b.made_at = gone.made_at);
  IF NOT is_barred(gone.account) THEN
    PERFORM mail('account_reinstated', gone.account, 'account', gone.account);
  END IF;
  PERFORM record('lift_bar', CASE WHEN gone.account IS NULL THEN 'bar' ELSE 'account' END, coalesce(gone.account, gone.id), nullif(gone.city, '*'));
END
$$;

-- At the confirmation of what people are brought together by: the mailbox may be barred, or kept apart from somebody since before an erasure.
CREATE OR REPLACE FUNCTION refuse_barred(person uuid, address text) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  PERFORM lock_for_name('bar', encode(mailbox_key(address), 'hex'));
  PERFORM require(NOT is_barred(person), 'suspended');
  INSERT INTO block (newcomer, guide, rule)
  SELECT x.newcomer, x.guide, 'H5'
    FROM kept_apart k
   CROSS JOIN LATERAL (VALUES (person, k.other), (k.other, person)) AS x(newcomer, guide)
   WHERE k.key = mailbox_key(address) AND k.other <> person
      ON CONFLICT DO NOTHING;
END
$$;

-- Before an account gets a new address: bars go along, also those of which nobody knew whose the mailbox is. One made at the same moment is
-- waited for.
CREATE OR REPLACE FUNCTION bar_new_address(account uuid, address text) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
  SELECT lock_for_name('bar', encode(mailbox_key(a.email), 'hex')) FROM account a WHERE a.id = $1;
  INSERT INTO bar (id, key, account, name, city, reason, message, made_by, made_at)
  SELECT uuid_v7(), mailbox_key($2), b.account, b.name, b.city, b.reason, b.message, b.made_by, b.made_at
    FROM bars_of($1) b
   ORDER BY b.account NULLS LAST
      ON CONFLICT DO NOTHING
$$;

-- Before an account goes: of whoever was reported and not yet looked at, or is kept apart from somebody, the mailbox's hash is remembered, and
-- of bars nothing but that.
CREATE OR REPLACE FUNCTION remember_mailbox(account uuid) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
  UPDATE bar b
     SET name = NULL, reason = CASE b.reason WHEN 'erased_while_reported' THEN b.reason ELSE 'account_erased' END, message = ''
   WHERE b.id IN (SELECT x.id FROM bars_of($1) x) AND coalesce(b.account, $1) = $1;
  INSERT INTO bar (id, key, city, reason)
  SELECT DISTINCT ON (x.city) uuid_v7(), mailbox_key(a.email), x.city, 'erased_while_reported'
    FROM report r
    JOIN account a ON a.id = r.reported
   CROSS JOIN LATERAL (SELECT CASE r.reported_by WHEN 'guide' THEN r.request_city ELSE r.guide_city END AS city) x
   WHERE r.reported = $1 AND r.state = 'open'
      ON CONFLICT DO NOTHING;
  INSERT INTO kept_apart (key, other)
  SELECT mailbox_key(a.email), x.other
    FROM account a
   CROSS JOIN LATERAL (SELECT b.guide AS other FROM block b WHERE b.newcomer = a.id AND b.rule = 'H5'
                       UNION SELECT b.newcomer FROM block b WHERE b.guide = a.id AND b.rule = 'H5'
                       UNION SELECT o.blocker FROM own_block o WHERE o.blocked = a.id) x
   WHERE a.id = $1
      ON CONFLICT DO NOTHING;
$$;

CREATE OR REPLACE FUNCTION expire_bars() RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  bars  integer;
  apart integer;
BEGIN
  DELETE FROM bar b WHERE b.id IN (SELECT d.id FROM due_bars d LIMIT 100);
  GET DIAGNOSTICS bars = ROW_COUNT;
  DELETE FROM kept_apart k WHERE (k.key, k.other) IN (SELECT d.key, d.other FROM due_kept_apart d LIMIT 100);
  GET DIAGNOSTICS apart = ROW_COUNT;
  RETURN bars + apart;
END
$$;
