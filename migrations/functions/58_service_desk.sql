-- SPDX-License-Identifier: EUPL-1.2
-- The desk of advisors: what lists ask of a row, who is there and who is away, exports.

CREATE OR REPLACE FUNCTION service_states() RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT ARRAY['submitted', 'acknowledged', 'in_progress', 'waiting_for_requester', 'resolved', 'closed', 'rejected', 'withdrawn'] $$;

-- Whether an office's row has the advisor that was asked for: an account, `me`, or `none` for work that nobody has taken.
CREATE OR REPLACE FUNCTION is_with(advisor uuid, state text, asked text) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN asked IS NULL THEN true
              WHEN asked = 'none' THEN advisor IS NULL AND state IN ('submitted', 'acknowledged', 'in_progress', 'waiting_for_requester')
              WHEN asked = 'me' THEN advisor = me()
              ELSE advisor::text = lower(asked) END
$$;

-- Before when something must be due to be asked for: what is overdue is due before now.
CREATE OR REPLACE FUNCTION due_limit(overdue boolean, due_before timestamptz) RETURNS timestamptz LANGUAGE sql STABLE AS
$$ SELECT least(CASE WHEN overdue THEN clock() END, due_before, 'infinity') $$;

-- Colleagues of an advisor: whoever advises a city of the own ones; cities NULL: all. Of their cities, their work and who stands in for
-- them only what is in these.
CREATE OR REPLACE FUNCTION colleagues(city text)
RETURNS TABLE (id uuid, email text, display_name text, cities text[], away_until date, deputy uuid, deputy_name text, in_progress integer)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
  SELECT a.id, a.email, a.display_name, CASE WHEN '*' <> ALL (s.cities) THEN s.cities END, absence.last_on, d.id, d.display_name,
         (SELECT count(*)::integer FROM service_request_office o
           WHERE o.advisor = a.id AND o.city = ANY (my_advised())
             AND o.state IN ('in_progress', 'waiting_for_requester'))
    FROM (SELECT r.account, array_agg(r.city ORDER BY r.city) AS cities
            FROM staff_role r
           WHERE r.role = 'advisor'
             AND (r.city = ANY (my_advised()) OR r.city = '*' AND my_advised() <> '{}')
             AND (colleagues.city IS NULL OR r.city IN (colleagues.city, '*'))
           GROUP BY r.account) s
    JOIN account a ON a.id = s.account
    LEFT JOIN LATERAL (
           SELECT x.last_on, x.deputy FROM staff_absence x
            WHERE x.account = a.id AND today() BETWEEN x.first_on AND x.last_on
            ORDER BY x.last_on DESC LIMIT 1) absence ON true
    LEFT JOIN account d ON d.id = absence.deputy
                       AND EXISTS (SELECT FROM staff_role r WHERE r.account = d.id AND r.role = 'advisor' AND (r.city = ANY (my_advised()) OR r.city = '*'))
$$;

-- Who has a request at an office, by name: for who asked and for the advisors of that office's city.
CREATE OR REPLACE FUNCTION advisor_name(office_row uuid) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  RETURN (SELECT a.display_name
            FROM service_request_office o
            JOIN account a ON a.id = o.advisor
           WHERE o.id = office_row AND (o.requester_account = me() OR o.city = ANY (my_advised())));
END
$$;

-- What an absence must be, under a lock on the person, so that two written at once do not overlap. The same again changes nothing.
CREATE OR REPLACE FUNCTION staff_absence_before() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  faults jsonb := '[]';
BEGIN
  PERFORM FROM account a WHERE a.id = NEW.account FOR NO KEY UPDATE;
  IF EXISTS (SELECT FROM staff_absence x WHERE (x.account, x.first_on, x.last_on) = (NEW.account, NEW.first_on, NEW.last_on)
                                           AND x.deputy IS NOT DISTINCT FROM NEW.deputy) THEN
    RETURN NULL;
  END IF;
  IF NEW.last_on < NEW.first_on OR NEW.account = me() AND NEW.last_on < today() THEN
    faults := faults || jsonb_build_array(jsonb_build_object('pointer', '/last_on', 'code', 'too_small', 'limit', greatest(NEW.first_on, today())));
  ELSIF NEW.last_on - NEW.first_on > 366 THEN
    faults := faults || jsonb_build_array(jsonb_build_object('pointer', '/last_on', 'code', 'too_large', 'limit', NEW.first_on + 366));
  ELSIF EXISTS (SELECT FROM staff_absence x WHERE x.account = NEW.account AND x.first_on <= NEW.last_on AND x.last_on >= NEW.first_on) THEN
    faults := faults || '[{"pointer":"/first_on","code":"away_already"}]';
  END IF;
  IF NEW.deputy = NEW.account
     OR NEW.deputy IS NOT NULL AND NOT EXISTS (SELECT FROM staff_role d JOIN staff_role m ON d.city = m.city OR '*' IN (d.city, m.city)
                                                WHERE d.account = NEW.deputy AND d.role = 'advisor' AND m.account = NEW.account) THEN
    faults := faults || '[{"pointer":"/deputy","code":"unknown_advisor"}]';
  ELSIF EXISTS (SELECT FROM staff_absence x WHERE x.account = NEW.deputy AND x.first_on <= NEW.last_on AND x.last_on >= NEW.first_on) THEN
    faults := faults || '[{"pointer":"/deputy","code":"away"}]';
  END IF;
  IF faults <> '[]' THEN
    PERFORM problem('validation_failed', faults);
  END IF;
  RETURN NEW;
END
$$;

-- At most fifty of a person, each by its own name; the lock as above. What is searched for must be words.
CREATE OR REPLACE FUNCTION saved_export_before() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  PERFORM FROM account a WHERE a.id = NEW.account FOR NO KEY UPDATE;
  PERFORM require(NOT EXISTS (SELECT FROM saved_export x WHERE (x.account, x.name) = (NEW.account, NEW.name)), 'duplicate'),
          require((SELECT count(*) < 50 FROM saved_export x WHERE x.account = NEW.account), 'conflict_state');
  IF NEW.filter ? 'q' AND folded(NEW.filter ->> 'q') = '' THEN
    PERFORM problem('validation_failed', '[{"pointer":"/filter/q","code":"no_words"}]');
  END IF;
  RETURN NEW;
END
$$;

-- Who took personal data out, and which; what was searched for may be somebody's name and is not kept.
CREATE OR REPLACE FUNCTION record_service_export(filter jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  PERFORM record('service_requests_exported', 'account', me(), filter ->> 'city',
                 filter - 'q' || CASE WHEN filter ? 'q' THEN '{"searched": true}'::jsonb ELSE '{}' END);
END
$$;

-- As a spreadsheet reads it, by the clock on the office's wall.
CREATE OR REPLACE FUNCTION in_office_time(at timestamptz) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT to_char(at AT TIME ZONE 'Europe/Berlin', 'YYYY-MM-DD HH24:MI') $$;

-- The rows an export tells of, as list_service_requests would list them for an advisor: with `due` something is due, what is due first on top.
CREATE OR REPLACE FUNCTION service_rows(filter jsonb, languages text[], most integer) RETURNS TABLE (n bigint, office_row uuid)
LANGUAGE plpgsql STABLE SET search_path = welcome, pg_temp AS $$
#variable_conflict use_column
DECLARE
  due   boolean := filter ? 'overdue' OR filter ? 'due_before' OR coalesce(filter ->> 'sort' = 'due', false);
  until timestamptz := due_limit((filter ->> 'overdue')::boolean, (filter ->> 'due_before')::timestamptz);
  found uuid[] := CASE WHEN filter ? 'q' THEN ARRAY(SELECT f.request FROM service_requests_found(filter ->> 'q', languages) f WHERE NOT f.own) END;
BEGIN
  RETURN QUERY
  SELECT row_number() OVER (ORDER BY x.sorted, CASE WHEN due THEN x.id END, x.id DESC), x.id
    FROM (SELECT DISTINCT ON (o.request) o.id, CASE WHEN due THEN o.due_at END AS sorted
            FROM service_request_office o
           WHERE o.city = ANY ((SELECT my_advised())::text[])
             AND o.requester_account <> (SELECT me())
             AND o.left_at IS NULL
             AND (filter ->> 'city' IS NULL OR o.city = filter ->> 'city')
             AND (filter ->> 'state' IS NULL OR o.request_state = filter ->> 'state')
             AND (filter ->> 'office' IS NULL OR o.office = filter ->> 'office')
             AND (filter ->> 'service' IS NULL OR o.service = filter ->> 'service')
             AND (filter ->> 'clientele' IS NULL OR o.service IN (SELECT s.code FROM service s WHERE s.clientele = filter ->> 'clientele'))
             AND is_with(o.advisor, o.state, filter ->> 'advisor')
             AND (NOT due OR o.due_at < until)
             AND (found IS NULL OR o.request IN (SELECT unnest(found)))
           ORDER BY o.request, CASE WHEN due THEN o.due_at END, CASE WHEN due THEN o.id END, o.id DESC) x
   ORDER BY x.sorted, CASE WHEN due THEN x.id END, x.id DESC
   LIMIT most;
END
$$;
