-- SPDX-License-Identifier: EUPL-1.2
-- What a waiting mail becomes when it is sent: to whom, with which token and which words; or nothing, when its time is over.

-- Names of cities as mails show them.
CREATE OR REPLACE FUNCTION city_names(cities text[]) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
  SELECT coalesce(jsonb_agg(c.name ORDER BY x.n), '[]')
    FROM unnest(cities) WITH ORDINALITY AS x(slug, n) JOIN city c ON c.slug = x.slug
$$;

-- Both sides of a proposal or match as one of them is told.
CREATE OR REPLACE FUNCTION mail_sides(reader uuid, g guide, r guide_request) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
  SELECT CASE WHEN reader = g.account
              THEN jsonb_build_object('display_name', g.display_name, 'other_name', r.display_name,
                                      'languages', to_jsonb(tags_of(r.languages)), 'cities', city_names(ARRAY[r.city]))
              ELSE jsonb_build_object('display_name', r.display_name, 'other_name', g.display_name,
                                      'languages', to_jsonb(tags_of(g.languages)), 'cities', city_names(g.serves)) END
$$;

-- How to greet whoever is asked to confirm.
CREATE OR REPLACE FUNCTION unconfirmed_name(kind text, id uuid) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
  SELECT jsonb_build_object('display_name', g.display_name) FROM guide g WHERE kind = 'guide' AND g.id = $2
  UNION ALL
  SELECT jsonb_build_object('display_name', r.display_name) FROM guide_request r WHERE kind = 'guide_request' AND r.id = $2
  UNION ALL
  SELECT jsonb_build_object('display_name', s.contact_name, 'reference', s.reference, 'service', title_in(v.name, ARRAY[s.language, 'en', 'de']))
    FROM service_request s
    JOIN service_version v ON v.service = s.service AND v.version = s.version
   WHERE kind = 'service_request' AND s.id = $2
  UNION ALL
  SELECT jsonb_build_object('display_name', a.display_name) FROM account a WHERE kind = 'account' AND a.id = $2
$$;

-- What somebody erased leaves to tell: nothing, or the time that has become free.
CREATE OR REPLACE FUNCTION erasure_mail(template text, reader uuid, slot uuid) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
  SELECT jsonb_build_object('display_name', (SELECT a.display_name FROM account a WHERE a.id = reader),
                            'starts_at', local_time(s.starts_at AT TIME ZONE 'Europe/Berlin'), 'place', s.place, 'video_link', s.video_link)
    FROM (SELECT 1) AS x(one)
    LEFT JOIN consultation_slot s ON s.id = slot
   WHERE template = 'service_erased_staff' OR s.id IS NOT NULL
$$;

-- NULL when the thing is gone or no longer in the state of which the mail would tell.
CREATE OR REPLACE FUNCTION mail_data(template text, reader uuid, kind text, id uuid) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
  SELECT jsonb_build_object('display_name', CASE WHEN mail_data.reader = g.account THEN g.display_name ELSE a.display_name END,
                            'other_name', g.display_name, 'languages', to_jsonb(tags_of(g.languages)), 'cities', city_names(g.cities),
                            'city', city_names(ARRAY[g.home_city]) -> 0, 'reason', g.decision_reason)
    FROM guide g LEFT JOIN account a ON a.id = mail_data.reader
   WHERE kind = 'guide' AND g.id = $4
     AND g.state = ANY (CASE template WHEN 'guide_application' THEN ARRAY['applied', 'in_screening']
                                      WHEN 'guide_rejected' THEN ARRAY['rejected'] WHEN 'guide_suspended' THEN ARRAY['suspended']
                                      ELSE ARRAY['active', 'paused'] END)
  UNION ALL
  SELECT jsonb_build_object('display_name', r.display_name, 'city', city_names(ARRAY[r.city]) -> 0, 'cities', city_names(ARRAY[r.city]),
                            'languages', to_jsonb(tags_of(r.languages)), 'reason', r.closed_as,
                            'expires_at', rfc3339(greatest(r.renewed_at + interval '90 days', r.still_asked_at + interval '14 days')))
    FROM guide_request r
   WHERE kind = 'guide_request' AND r.id = $4
     AND CASE template WHEN 'request_expired' THEN r.state = 'closed'
                       WHEN 'widen_request' THEN r.state = 'open' AND may_widen(r)
                       WHEN 'still_looking' THEN r.state = 'open' AND r.still_asked_at IS NOT NULL
                       ELSE r.state <> 'closed' END
  UNION ALL
  SELECT sides.data || jsonb_build_object('expires_at', rfc3339(p.expires_at), 'message', r.message)
    FROM proposal p
    JOIN guide_request r ON r.id = p.request
    JOIN guide g ON g.id = p.guide
   CROSS JOIN LATERAL mail_sides(reader, g, r) AS sides(data)
   WHERE kind = 'proposal' AND p.id = $4
     AND CASE WHEN template IN ('proposal', 'proposal_reminder') THEN p.state = 'open' AND p.expires_at > clock()
              WHEN template IN ('please_confirm', 'please_confirm_reminder') THEN p.state = 'awaiting_newcomer' AND p.expires_at > clock()
              ELSE p.state IN ('cancelled', 'refused', 'expired') END
  UNION ALL
  SELECT sides.data || jsonb_build_object('reason', m.ended_reason,
                                          'other_email', CASE WHEN m.state = 'active' THEN other.email END)
    FROM match m
    JOIN guide_request r ON r.id = m.request
    JOIN guide g ON g.id = m.guide
    JOIN account other ON other.id = CASE WHEN reader = m.guide_account THEN m.request_account ELSE m.guide_account END
   CROSS JOIN LATERAL mail_sides(reader, g, r) AS sides(data)
   WHERE kind = 'match' AND m.id = $4 AND (template LIKE 'match\_ended\_%') = (m.state = 'ended') AND template <> 'check_in_help'
     AND (template NOT IN ('check_in', 'match_guide', 'match_newcomer') OR m.paused_at IS NULL)
  UNION ALL -- for coordinators: who they are, not what was said
  SELECT jsonb_build_object('display_name', a.display_name, 'city', city_names(ARRAY[nullif(x.city, '*')]) -> 0)
    FROM (SELECT m.request_city FROM match m WHERE kind = 'match' AND template = 'check_in_help' AND m.id = $4 AND m.state = 'active'
          UNION ALL
          SELECT p.request_city FROM report p
           WHERE kind = 'report' AND p.id = $4 AND p.state = 'open' AND mail_data.reader NOT IN (p.reporter, p.reported)) AS x(city)
    LEFT JOIN account a ON a.id = mail_data.reader
  UNION ALL -- for the two: that it was decided, or what one of them is told; never of the other
  SELECT jsonb_build_object('display_name', CASE WHEN reader = p.guide_account THEN g.display_name ELSE r.display_name END, 'reason', x.message)
    FROM report x
    JOIN proposal p ON p.id = x.proposal
    JOIN guide g ON g.id = p.guide
    JOIN guide_request r ON r.id = p.request
   WHERE kind = 'report' AND x.id = $4 AND x.state = 'resolved' AND reader = CASE template WHEN 'report_warning' THEN x.reported ELSE x.reporter END
  UNION ALL
  SELECT jsonb_build_object('display_name', b.name, 'reason', nullif(b.message, '')) FROM bar b WHERE kind = 'bar' AND b.id = $4 AND b.account = reader
  UNION ALL
  SELECT service_mail_data(template, reader, kind, id) WHERE kind IN ('service_request', 'service_request_office', 'service_event')
  UNION ALL
  SELECT appointment_mail(template, reader, id) WHERE kind = 'appointment'
  UNION ALL
  SELECT jsonb_build_object('display_name', a.display_name) FROM account a WHERE kind = 'account' AND a.id = $4 AND a.id = mail_data.reader
  UNION ALL
  SELECT erasure_mail(template, reader, id) WHERE template IN ('service_erased_staff', 'appointment_erased_staff')
  UNION ALL
  SELECT jsonb_build_object('reply', f.reply, 'title', (
           SELECT t.title FROM translation t WHERE t.content = f.content
            ORDER BY array_position(ARRAY[f.language, f.about, 'en', 'de'], t.language) NULLS LAST, t.language LIMIT 1))
    FROM feedback f
   WHERE mail_data.kind = 'feedback' AND f.id = $4 AND f.reply IS NOT NULL
$$;

-- The path of the link and its token's kind (null: a link that opens nothing by itself), what it opens; no row for mails without a link.
CREATE OR REPLACE FUNCTION mail_link(template text, kind text, id uuid)
RETURNS TABLE (path text, token_kind text, subject_kind text, subject_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
  SELECT '/sign-in', 'sign_in', NULL, NULL::uuid WHERE template = 'sign_in'
  UNION ALL
  SELECT '/confirm', 'confirm', kind, id WHERE template LIKE 'confirm\_%'
  UNION ALL
  SELECT '/proposals/' || id, 'task', kind, id
   WHERE template IN ('proposal', 'proposal_reminder', 'please_confirm', 'please_confirm_reminder')
  UNION ALL
  SELECT '/service-requests/' || id, 'task', kind, id WHERE kind = 'service_request' AND template NOT LIKE 'confirm\_%'
  UNION ALL
  SELECT '/service-requests/' || e.request, 'task', 'service_request', e.request FROM service_event e WHERE mail_link.kind = 'service_event' AND e.id = $3
  UNION ALL -- staff sign in
  SELECT '/service-requests/' || o.request, CASE WHEN is_for_requester(template, kind) THEN 'task' END, 'service_request', o.request
    FROM service_request_office o WHERE kind = 'service_request_office' AND o.id = $3
  UNION ALL
  SELECT '/service-requests/' || a.request, 'task', 'service_request', a.request
    FROM appointment a WHERE kind = 'appointment' AND template NOT LIKE '%\_staff' AND a.id = $3
  UNION ALL
  SELECT '/matches/' || id, 'task', kind, id WHERE template IN ('match_guide', 'match_newcomer', 'check_in')
  UNION ALL
  SELECT '/guide-requests/' || id, 'task', kind, id WHERE template IN ('request_reopened', 'widen_request', 'still_looking')
  UNION ALL
  SELECT '/guide-requests/' || m.request, 'task', 'guide_request', m.request
    FROM match m WHERE template = 'match_ended_newcomer' AND m.id = $3
$$;

-- A sign-in mail to an address with something unconfirmed becomes that confirmation, unless it could only be refused. Naming the
-- address of an account as one's new one must not keep its owner from signing in.
CREATE OR REPLACE FUNCTION unconfirmed_at(address text) RETURNS confirmation
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
  SELECT c FROM confirmation c
   WHERE lower(c.address) = lower($1) AND (c.subject_kind <> 'account' OR account_of($1) IS NULL) AND c.expires_at > clock()
     AND NOT is_duplicate(c.subject_kind, account_of($1)) AND NOT is_too_early(c.subject_kind, account_of($1))
     AND NOT (c.subject_kind IN ('guide', 'guide_request') AND coalesce(is_barred(account_of($1)), false))
   ORDER BY c.created_at DESC LIMIT 1
$$;

-- Decides what is sent and stores the hash of its token; NULL and no row any more when there is nothing to send.
CREATE OR REPLACE FUNCTION mail_prepare(outbox uuid, token_hash bytea) RETURNS jsonb
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  row     outbox;
  pending confirmation;
  target  text;
  data    jsonb;
  link    record;
BEGIN
  SELECT * INTO row FROM outbox o WHERE o.id = mail_prepare.outbox AND o.state = 'waiting' FOR UPDATE;
  target := coalesce(row.address, (SELECT a.email FROM account a WHERE a.id = row.account));
  IF row.template = 'sign_in' THEN
    pending := unconfirmed_at(target);
    IF pending.subject_id IS NOT NULL THEN
      row.template := 'confirm_' || CASE pending.subject_kind WHEN 'account' THEN 'address' ELSE pending.subject_kind END;
      row.subject_kind := pending.subject_kind;
      row.subject_id := pending.subject_id;
      target := pending.address;
    ELSE -- to the address as we know it: written otherwise, a mailbox may be somebody else's
      SELECT a.email, '{}' INTO target, data FROM account a WHERE a.id = account_of(target);
    END IF;
  END IF;
  IF row.template LIKE 'confirm\_%' THEN
    UPDATE confirmation c SET expires_at = clock() + interval '7 days'
     WHERE c.subject_kind = row.subject_kind AND c.subject_id = row.subject_id AND lower(c.address) = lower(target);
    data := CASE WHEN FOUND THEN coalesce(unconfirmed_name(row.subject_kind, row.subject_id), '{}') END;
  ELSIF row.template <> 'sign_in' THEN
    data := mail_data(row.template, row.account, row.subject_kind, row.subject_id);
  END IF;
  IF data IS NULL OR target IS NULL THEN
    DELETE FROM outbox o WHERE o.id = row.id;
    RETURN NULL;
  END IF;
  SELECT * INTO link FROM mail_link(row.template, row.subject_kind, row.subject_id);
  IF link.token_kind IS NOT NULL THEN
    INSERT INTO login_token (token_hash, kind, address, account, subject_kind, subject_id, expires_at)
    VALUES (mail_prepare.token_hash, link.token_kind, target, row.account, link.subject_kind, link.subject_id,
            clock() + CASE link.token_kind WHEN 'sign_in' THEN interval '15 minutes' WHEN 'confirm' THEN interval '7 days' END);
  END IF;
  RETURN jsonb_build_object('to', target, 'language', row.language, 'template', row.template, 'path', link.path,
                            'token_kind', link.token_kind, 'data', jsonb_strip_nulls(data));
END
$$;

-- The mail that carried it could not be sent.
CREATE OR REPLACE FUNCTION forget_token(token_hash bytea) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS
$$ DELETE FROM login_token t WHERE t.token_hash = $1 $$;

-- Whoever reported something has no account and no wish to be known here: that address goes with its mail.
CREATE OR REPLACE FUNCTION mail_sent(outbox uuid) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
  DELETE FROM outbox o WHERE o.id = $1 AND o.subject_kind = 'feedback';
  UPDATE outbox o SET state = 'sent', sent_at = clock(), attempts = o.attempts + 1, last_error = NULL WHERE o.id = $1;
$$;

-- One minute, doubled each time, at most six hours; after twelve attempts somebody has to look.
CREATE OR REPLACE FUNCTION mail_failed(outbox uuid, error text) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
  UPDATE outbox o
     SET attempts = o.attempts + 1, last_error = left(error, 500),
         next_attempt_at = clock() + least(interval '1 minute' * power(2, o.attempts), interval '6 hours'),
         state = CASE WHEN o.attempts + 1 >= 12 THEN 'dead' ELSE 'waiting' END
   WHERE o.id = $1
$$;
