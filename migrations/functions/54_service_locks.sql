-- SPDX-License-Identifier: EUPL-1.2
-- The lock of service requests: the request, and with it all that hangs on it. First in every change; the right to come so far is tested
-- before a foreign row is locked.

CREATE OR REPLACE FUNCTION lock_service_requests(requests uuid[]) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  PERFORM FROM service_request r WHERE r.id = ANY (requests) ORDER BY r.id FOR NO KEY UPDATE;
END
$$;

-- party: 'requester', 'staff', or NULL for both. Who sees the request and is not this party is told forbidden, all others not_found. An
-- advisor who asked is who asked, and nothing else.
CREATE OR REPLACE FUNCTION lock_for_service_request(request uuid, party text DEFAULT NULL) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  r record;
BEGIN
  SELECT x.account = me() AS by_requester, x.handled_by && my_advised() AND x.account <> me() AS by_staff INTO r
    FROM service_request x
   WHERE x.id = lock_for_service_request.request AND x.state <> 'unverified' AND x.id = coalesce(task(), x.id);
  PERFORM require(r.by_requester OR r.by_staff, 'not_found');
  PERFORM require(CASE party WHEN 'requester' THEN r.by_requester WHEN 'staff' THEN r.by_staff ELSE true END, 'forbidden');
  PERFORM lock_service_requests(ARRAY[request]);
END
$$;

-- The row of the office I speak for: the one I name, else mine alone, else the one assigned to me. It must still have the request.
CREATE OR REPLACE FUNCTION my_office_row(request uuid, named jsonb) RETURNS uuid LANGUAGE plpgsql STABLE AS $$
DECLARE
  rows uuid[] := ARRAY(SELECT o.id
                         FROM service_request_office o
                        WHERE o.request = my_office_row.request AND o.left_at IS NULL AND o.city = ANY (my_advised())
                          AND (named IS NULL OR (o.city, o.office) = (coalesce(named ->> 'city', '*'), named ->> 'office'))
                        ORDER BY (o.advisor = me()) IS TRUE DESC, o.id);
BEGIN
  IF rows = '{}' AND named IS NOT NULL THEN
    PERFORM problem('validation_failed', '[{"pointer":"/for_office","code":"unknown_office"}]');
  ELSIF rows = '{}' THEN
    PERFORM problem('conflict_state'); -- forwarded
  ELSIF cardinality(rows) > 1
    AND (SELECT count(*) FILTER (WHERE o.advisor = me()) <> 1 FROM service_request_office o WHERE o.id = ANY (rows)) THEN
    PERFORM problem('validation_failed', '[{"pointer":"/for_office","code":"required"}]');
  END IF;
  RETURN rows[1];
END
$$;

-- Of an office's row that is locked: a step that may be taken from these states only (or was taken already).
CREATE OR REPLACE FUNCTION require_office_state(office_row uuid, states text[]) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  PERFORM require(o.state = ANY (states), 'conflict_state') FROM service_request_office o WHERE o.id = office_row;
END
$$;
