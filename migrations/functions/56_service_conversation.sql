-- SPDX-License-Identifier: EUPL-1.2
-- What is said about a request: who speaks and whether they still may, what follows from it, and how it reads.

-- Who speaks, after lock_for_service_request(). Who asked is no advisor of that request, and everything they say is public. The public
-- part ends thirty days after the request did; offices that have it may note things for themselves for ever.
CREATE OR REPLACE FUNCTION speaker(request uuid, named jsonb, INOUT public boolean, OUT party text, OUT office_row uuid)
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  r service_request;
BEGIN
  SELECT * INTO r FROM service_request x WHERE x.id = speaker.request;
  party := CASE WHEN r.account = me() THEN 'requester' ELSE 'staff' END;
  IF party = 'staff' THEN
    office_row := my_office_row(request, named);
  ELSIF public IS FALSE THEN
    PERFORM problem('validation_failed', '[{"pointer":"/public","code":"const","limit":"true"}]');
  END IF;
  public := coalesce(public, true);
  PERFORM require(NOT public OR r.state NOT IN ('unverified', 'withdrawn')
                                AND coalesce(r.closed_at, r.resolved_at, clock()) > clock() - interval '30 days', 'conflict_state');
END
$$;

-- Who speaks by a file: as the message it belongs to, which is one of theirs. An advisor of several offices names one by a message.
CREATE OR REPLACE FUNCTION attacher(request uuid, event uuid, INOUT public boolean, OUT party text, OUT office_row uuid)
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  said  service_event;
  place jsonb;
BEGIN
  IF event IS NOT NULL THEN
    SELECT * INTO said FROM service_event e
     WHERE e.id = attacher.event AND e.request = attacher.request AND e.kind = 'message' AND e.actor = me();
    IF NOT FOUND THEN
      PERFORM problem('validation_failed', '[{"parameter":"event","code":"unknown_message"}]');
    ELSIF public <> said.public THEN
      PERFORM problem('validation_failed', jsonb_build_array(jsonb_build_object('parameter', 'public', 'code', 'const', 'limit', said.public::text)));
    END IF;
    public := said.public;
    SELECT jsonb_build_object('city', nullif(o.city, '*'), 'office', o.office) INTO place
      FROM service_request_office o WHERE o.id = said.office_row AND o.left_at IS NULL;
    PERFORM require(said.office_row IS NULL OR place IS NOT NULL, 'conflict_state'); -- forwarded
  ELSIF EXISTS (SELECT FROM service_request r WHERE r.id = attacher.request AND r.account = me()) THEN
    IF public IS FALSE THEN
      PERFORM problem('validation_failed', '[{"parameter":"public","code":"const","limit":"true"}]');
    END IF;
  ELSIF (SELECT count(*) > 1 AND count(*) FILTER (WHERE o.advisor = me()) <> 1 FROM service_request_office o
          WHERE o.request = attacher.request AND o.left_at IS NULL AND o.city = ANY (my_advised())) THEN
    PERFORM problem('validation_failed', '[{"parameter":"event","code":"required"}]');
  END IF;
  SELECT s.public, s.party, s.office_row INTO attacher.public, attacher.party, attacher.office_row FROM speaker(request, place, public) s;
END
$$;

-- Who asked has said something: offices that waited for it go on, and those that have the request are told, but not of spam.
CREATE OR REPLACE FUNCTION hear_requester(request uuid, tell boolean) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  PERFORM lock_service_requests(ARRAY[hear_requester.request]);
  UPDATE service_request_office o SET state = 'in_progress', note = NULL
   WHERE o.request = hear_requester.request AND o.state = 'waiting_for_requester';
  PERFORM mail_office('service_message_staff', o)
     FROM service_request_office o
    WHERE tell AND o.request = hear_requester.request AND o.left_at IS NULL AND o.rejected_as IS DISTINCT FROM 'spam'
      AND (o.state <> 'rejected' OR o.request_state = 'rejected');
END
$$;

CREATE OR REPLACE FUNCTION service_message_after() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  IF NEW."by" = 'requester' THEN
    PERFORM hear_requester(NEW.request, true);
  ELSIF NEW."by" = 'staff' THEN
    PERFORM mail('service_message', r.account, 'service_event', NEW.id) FROM service_request r WHERE r.id = NEW.request AND NEW.public;
    PERFORM record('service_request_message', 'service_request', NEW.request, nullif(o.city, '*'))
       FROM service_request_office o WHERE o.id = NEW.office_row;
  END IF;
  RETURN NULL;
END
$$;

-- At most so many and so much a request, counted under its lock, whoever brings them.
CREATE OR REPLACE FUNCTION service_attachment_before() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  held record;
BEGIN
  PERFORM lock_service_requests(ARRAY[NEW.request]);
  SELECT count(*) AS files, coalesce(sum(a.size), 0) AS bytes INTO held FROM service_attachment a WHERE a.request = NEW.request;
  IF held.files >= 20 THEN
    PERFORM problem('conflict_state', '[{"pointer":"","code":"too_many_attachments","limit":"20"}]');
  ELSIF held.bytes + NEW.size > 52428800 THEN
    PERFORM problem('conflict_state', '[{"pointer":"","code":"attachments_too_large","limit":"50 MB"}]');
  END IF;
  RETURN NEW;
END
$$;

CREATE OR REPLACE FUNCTION service_attachment_after() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    INSERT INTO service_attachment_gone (id) VALUES (OLD.id) ON CONFLICT DO NOTHING;
  ELSIF NEW."by" = 'requester' THEN
    PERFORM hear_requester(NEW.request, NEW.event IS NULL);
  ELSE
    PERFORM record('service_request_attachment', 'service_request', NEW.request, nullif(o.city, '*'))
       FROM service_request_office o WHERE o.id = NEW.office_row;
  END IF;
  RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION service_request_rating() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.rated_at := clock();
  RETURN NEW;
END
$$;

CREATE OR REPLACE FUNCTION service_request_rated() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  INSERT INTO service_event (id, request, kind, public, by, actor, text, detail)
  VALUES (uuid_v7(), NEW.id, 'rated', true, 'requester', NEW.account, NEW.rating_text, jsonb_build_object('rating', NEW.rating));
  RETURN NULL;
END
$$;

-- Who said it and for which office. Who asked is known by the name they gave; advisors of other cities are not named, and nobody's id is
-- shown outside the own city.
CREATE OR REPLACE FUNCTION said_by(event uuid, languages text[], OUT author jsonb, OUT office jsonb)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  SELECT CASE WHEN e.by <> 'system' THEN
           jsonb_build_object(
             'id', CASE WHEN e.actor = me() OR (e.by = 'staff' AND o.city = ANY (my_advised())) THEN e.actor END,
             'display_name', CASE WHEN e.by = 'requester' THEN r.contact_name
                                  WHEN r.account = me() OR o.city = ANY (my_advised()) THEN a.display_name END) END,
         CASE WHEN o.id IS NOT NULL THEN
           jsonb_build_object('city', nullif(o.city, '*'), 'office', o.office, 'name', title_in(f.name, said_by.languages)) END
    INTO author, office
    FROM service_event e
    JOIN service_request r ON r.id = e.request
    LEFT JOIN service_request_office o ON o.id = e.office_row
    LEFT JOIN office f ON f.city = o.city AND f.slug = o.office
    LEFT JOIN account a ON a.id = e.actor
   WHERE e.id = said_by.event
     AND (r.account = me() OR r.handled_by && my_advised());
END
$$;

-- Files as they are told of, without their bytes.
CREATE OR REPLACE VIEW service_attachment_record WITH (security_invoker = true) AS
SELECT a.id, a.request, a.event, a.name, a.type, a.size, a.public, a.by, a.at AS created_at,
       '/v1/service-requests/' || a.request || '/attachments/' || a.id AS url
  FROM service_attachment a;

-- All of a request, or with an event those of that message.
CREATE OR REPLACE FUNCTION service_attachments_of(request uuid, event uuid) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (SELECT coalesce(jsonb_agg(to_jsonb(a) - 'request' || jsonb_build_object('created_at', rfc3339(a.created_at)) ORDER BY a.created_at, a.id), '[]')
            FROM service_attachment_record a
           WHERE a.request = service_attachments_of.request
             AND (service_attachments_of.event IS NULL OR a.event = service_attachments_of.event));
END
$$;

-- The timeline as its reader sees it, for lists and for the request itself.
CREATE OR REPLACE FUNCTION service_timeline(request uuid, languages text[])
RETURNS TABLE (id uuid, at timestamptz, kind text, public boolean, by text, author jsonb, office jsonb, text text, detail jsonb, attachments jsonb)
LANGUAGE sql STABLE AS $$
  SELECT e.id, e.at, e.kind, e.public, e.by, s.author, s.office, e.text, e.detail,
         CASE e.kind WHEN 'message' THEN service_attachments_of(e.request, e.id) ELSE '[]' END
    FROM service_event e
   CROSS JOIN LATERAL said_by(e.id, service_timeline.languages) s
   WHERE e.request = service_timeline.request
$$;

-- The newest fifty, in their order.
CREATE OR REPLACE FUNCTION service_events_of(request uuid, languages text[]) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (SELECT coalesce(jsonb_agg(to_jsonb(t) || jsonb_build_object('at', rfc3339(t.at)) ORDER BY t.id), '[]')
            FROM (SELECT x.* FROM service_timeline(service_events_of.request, service_events_of.languages) x ORDER BY x.id DESC LIMIT 50) t);
END
$$;

-- Files whose rows are gone, for the job that removes them; those of a list that have a row; and that these are removed.
CREATE OR REPLACE FUNCTION attachments_gone() RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS
$$ SELECT g.id FROM service_attachment_gone g ORDER BY g.gone_at LIMIT 100 $$;

CREATE OR REPLACE FUNCTION attachments_kept(ids uuid[]) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS
$$ SELECT a.id FROM service_attachment a WHERE a.id = ANY (ids) AND a.kept_in = 'directory' $$;

CREATE OR REPLACE FUNCTION attachments_removed(ids uuid[]) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS
$$ DELETE FROM service_attachment_gone g WHERE g.id = ANY (ids) $$;
