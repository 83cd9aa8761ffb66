-- SPDX-License-Identifier: EUPL-1.2
-- Everything about the person who asks, kind by kind: rows as they stand, without what only machines need, what opens doors, and who the
-- others are. A test holds it against a scan of all tables.

CREATE OR REPLACE FUNCTION my_address() RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS
$$ SELECT lower(a.email) FROM account a WHERE a.id = me() $$;

CREATE OR REPLACE FUNCTION export_account() RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
  SELECT to_jsonb(a) FROM account a WHERE a.id = me()
$$;

CREATE OR REPLACE FUNCTION export_roles() RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
  SELECT coalesce(jsonb_agg(to_jsonb(r) - 'account' - 'city_known' ORDER BY r.role, r.city), '[]') FROM staff_role r WHERE r.account = me()
$$;

-- Never what opens anything.
CREATE OR REPLACE FUNCTION export_sessions() RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
  SELECT coalesce(jsonb_agg(to_jsonb(s) - 'token_hash' - 'account' ORDER BY s.id), '[]') FROM session s WHERE s.account = me()
$$;

CREATE OR REPLACE FUNCTION export_links() RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
  SELECT coalesce(jsonb_agg(to_jsonb(t) - 'token_hash' - 'account' ORDER BY t.created_at, t.token_hash), '[]')
    FROM login_token t WHERE t.account = me() OR lower(t.address) = my_address() OR t.subject_id = me()
$$;

-- Mails have no body before they are sent, and none afterwards.
CREATE OR REPLACE FUNCTION export_mails() RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
  SELECT coalesce(jsonb_agg(to_jsonb(o) - 'account' ORDER BY o.id), '[]')
    FROM outbox o WHERE o.account = me() OR lower(o.address) = my_address() OR o.subject_id = me()
$$;

-- What waits for a confirmation at the own address or from it, with what was written.
CREATE OR REPLACE FUNCTION export_unconfirmed() RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
  SELECT coalesce(jsonb_agg(to_jsonb(c) || jsonb_build_object('thing', coalesce(
           (SELECT to_jsonb(g) - 'topic_bits' FROM guide g WHERE g.id = c.subject_id AND g.account IS NULL),
           (SELECT to_jsonb(r) - 'topic_bits' FROM guide_request r WHERE r.id = c.subject_id AND r.account IS NULL),
           (SELECT to_jsonb(s) FROM service_request s WHERE s.id = c.subject_id AND s.account IS NULL))) ORDER BY c.created_at, c.subject_id), '[]')
    FROM confirmation c WHERE c.subject_id = me() OR lower(c.address) = my_address()
$$;

CREATE OR REPLACE FUNCTION export_consents() RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
  SELECT coalesce(jsonb_agg(to_jsonb(c) ORDER BY c.given_at, c.id), '[]') FROM my_consents() c
$$;

-- Profiles as a guide, with what coordinators have seen (never by whom) and what matching reckons for them.
CREATE OR REPLACE FUNCTION export_guides() RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
  SELECT coalesce(jsonb_agg(to_jsonb(g) - 'topic_bits' - 'account' || jsonb_build_object(
           'approved_cities', (SELECT coalesce(jsonb_agg(to_jsonb(c) - 'guide' ORDER BY c.position), '[]') FROM guide_city c WHERE c.guide = g.id),
           'verifications', (SELECT coalesce(jsonb_agg(to_jsonb(v) - 'guide' - 'seen_by' ORDER BY v.id), '[]') FROM guide_verification v WHERE v.guide = g.id),
           'prices', (SELECT coalesce(jsonb_agg(to_jsonb(p) - 'guide' ORDER BY p.version), '[]') FROM guide_price p WHERE p.guide = g.id),
           'overrides', (SELECT coalesce(jsonb_agg(jsonb_build_object('kind', o.kind, 'made_at', o.made_at) ORDER BY o.made_at), '[]')
                           FROM matching_override o WHERE o.guide = g.id)) ORDER BY g.id), '[]')
    FROM guide g WHERE g.account = me()
$$;

CREATE OR REPLACE FUNCTION export_guide_requests() RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
  SELECT coalesce(jsonb_agg(to_jsonb(r) - 'topic_bits' - 'account' || jsonb_build_object(
           'unplaced', (SELECT coalesce(jsonb_agg(to_jsonb(u) - 'request' ORDER BY u.round), '[]') FROM matching_unplaced u WHERE u.request = r.id),
           'overrides', (SELECT coalesce(jsonb_agg(jsonb_build_object('kind', o.kind, 'made_at', o.made_at) ORDER BY o.made_at), '[]')
                           FROM matching_override o WHERE o.request = r.id)) ORDER BY r.id), '[]')
    FROM guide_request r WHERE r.account = me()
$$;

-- Of the other side no more than was shown: a guide learns how the points came to be, a newcomer who was asked only from when the guide was
-- shown.
CREATE OR REPLACE FUNCTION export_proposals() RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
  SELECT coalesce(jsonb_agg(CASE WHEN p.guide_account = me()
           THEN to_jsonb(p) - ARRAY['request_account', 'guide_account', 'asked_by', 'seat', 'second_best'] || '{"as": "guide"}'
           ELSE jsonb_build_object('as', 'newcomer', 'id', p.id, 'request', p.request, 'state', p.state, 'asked_at', p.asked_at,
                                   'expires_at', p.expires_at, 'reminded_at', p.reminded_at, 'shown_at', p.shown_at, 'answered_at', p.answered_at,
                                   'guide', CASE WHEN p.shown_at IS NOT NULL THEN p.guide END) END ORDER BY p.id), '[]')
    FROM proposal p WHERE me() IN (p.guide_account, p.request_account)
$$;

CREATE OR REPLACE FUNCTION export_matches() RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
  SELECT coalesce(jsonb_agg(to_jsonb(m) - ARRAY['request_account', 'guide_account', 'ended_note']
           || jsonb_build_object('as', w.party, 'ended_note', CASE WHEN m.ended_by = w.party THEN m.ended_note END,
                                 'other_name', CASE w.party WHEN 'guide' THEN r.display_name ELSE g.display_name END) ORDER BY m.id), '[]')
    FROM match m
    JOIN guide_request r ON r.id = m.request
    JOIN guide g ON g.id = m.guide
   CROSS JOIN LATERAL (SELECT CASE me() WHEN m.guide_account THEN 'guide' ELSE 'newcomer' END) AS w(party)
   WHERE me() IN (m.guide_account, m.request_account)
$$;

CREATE OR REPLACE FUNCTION export_check_ins() RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
  SELECT coalesce(jsonb_agg(to_jsonb(c) - 'party' ORDER BY c.match, c.week), '[]')
    FROM match m JOIN check_in c ON c.match = m.id AND c.party = CASE me() WHEN m.guide_account THEN 'guide' ELSE 'newcomer' END
   WHERE me() IN (m.guide_account, m.request_account)
$$;

-- The own ones, without what coordinators wrote and did about the other: what others reported is theirs to be protected for.
CREATE OR REPLACE FUNCTION export_reports() RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
  SELECT coalesce(jsonb_agg(to_jsonb(x) - ARRAY['resolved_by', 'reported_by', 'reporter', 'reported', 'claimed_by', 'claimed_at', 'remind_at',
                                                'escalate_at', 'message', 'note', 'measure'] ORDER BY x.id), '[]')
    FROM report x WHERE x.reporter = me()
$$;

-- Whom one does not want to meet.
CREATE OR REPLACE FUNCTION export_blocks() RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
  SELECT coalesce(jsonb_agg(to_jsonb(b) - 'blocked' ORDER BY b.id), '[]') FROM own_block b WHERE b.blocker = me()
$$;

-- That one may not ask again, since when, and what one was told; why is looked through by people first (GDPR art. 15(4)).
CREATE OR REPLACE FUNCTION export_bars() RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
  SELECT coalesce(jsonb_agg(to_jsonb(b) - ARRAY['key', 'reason', 'made_by'] ORDER BY b.id), '[]') FROM bars_of(me()) b
$$;

-- With the offices they were at, the timeline and files; what offices noted for themselves is told to be there, its words are looked through
-- by people first (GDPR art. 15(4)).
CREATE OR REPLACE FUNCTION export_service_requests() RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
  SELECT coalesce(jsonb_agg(to_jsonb(s) - 'account' - 'duplicate_of' || jsonb_build_object(
           'rejected_reason', CASE WHEN NOT is_spam(s.id) THEN s.rejected_reason END,
           'offices', (SELECT coalesce(jsonb_agg(to_jsonb(o) - ARRAY['requester_account', 'request', 'advisor', 'rejected_as', 'note']
                                                 || jsonb_build_object('note', CASE WHEN o.rejected_as IS DISTINCT FROM 'spam' THEN o.note END) ORDER BY o.id), '[]')
                         FROM service_request_office o WHERE o.request = s.id),
           'events', (SELECT coalesce(jsonb_agg(CASE WHEN e.public THEN to_jsonb(e) - 'actor' - 'request'
                                                ELSE jsonb_build_object('id', e.id, 'at', e.at, 'kind', e.kind, 'by', e.by, 'public', false) END ORDER BY e.id), '[]')
                        FROM service_event e WHERE e.request = s.id),
           'attachments', (SELECT coalesce(jsonb_agg(CASE WHEN f.public THEN to_jsonb(f) - 'request' ELSE jsonb_build_object('id', f.id, 'public', false) END
                                                     ORDER BY f.created_at, f.id), '[]')
                             FROM service_attachment_record f WHERE f.request = s.id)) ORDER BY s.id), '[]')
    FROM service_request s WHERE s.account = me()
$$;

CREATE OR REPLACE FUNCTION export_appointments() RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
  SELECT coalesce(jsonb_agg(to_jsonb(a) - 'requester_account' ORDER BY a.id), '[]') FROM appointment a WHERE a.requester_account = me()
$$;

CREATE OR REPLACE FUNCTION export_absences() RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
  SELECT coalesce(jsonb_agg(to_jsonb(b) - 'account' - 'deputy' ORDER BY b.first_on), '[]') FROM staff_absence b WHERE b.account = me()
$$;

CREATE OR REPLACE FUNCTION export_saved_exports() RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
  SELECT coalesce(jsonb_agg(to_jsonb(e) - 'account' ORDER BY e.id), '[]') FROM saved_export e WHERE e.account = me()
$$;

-- Reports that still wait for an answer to the own address; afterwards nobody knows whose they were.
CREATE OR REPLACE FUNCTION export_feedback() RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
  SELECT coalesce(jsonb_agg(to_jsonb(f) - 'resolved_by' || jsonb_build_object('address', a.address) ORDER BY f.id), '[]')
    FROM feedback_address a JOIN feedback f ON f.id = a.feedback WHERE lower(a.address) = my_address()
$$;

-- What staff did with the own data, and the person did as staff; of others' doings not the detail, which may name somebody, and not what came of
-- a report.
CREATE OR REPLACE FUNCTION export_record() RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
  SELECT coalesce(jsonb_agg(CASE WHEN u.actor = me() THEN to_jsonb(u) - ARRAY['actor', 'salt', 'mark', 'seal'] || '{"by_me": true}'
                            ELSE to_jsonb(u) - ARRAY['actor', 'salt', 'mark', 'seal', 'detail'] || '{"by_me": false}' END ORDER BY u.id), '[]')
    FROM audit u WHERE u.actor = me() OR u.subject_id = ANY (things_of(me())) AND u.subject_kind <> 'report'
$$;

-- Where the person stands as staff: what was written, decided, offered or taken over.
CREATE OR REPLACE FUNCTION export_work() RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
  SELECT coalesce(jsonb_agg(jsonb_build_object('kind', x.kind, 'id', x.id, 'as', x.part, 'at', x.at) ORDER BY x.at, x.kind, x.id), '[]')
    FROM (SELECT 'text', v.id::text, 'author', v.created_at FROM revision v WHERE v.author = me()
          UNION ALL SELECT 'text', v.id::text, 'reviewer', v.reviewed_at FROM revision v WHERE v.reviewer = me()
          UNION ALL SELECT 'feedback', f.id::text, 'resolver', f.resolved_at FROM feedback f WHERE f.resolved_by = me()
          UNION ALL SELECT 'report', r.id::text, 'resolver', r.resolved_at FROM report r WHERE r.resolved_by = me()
          UNION ALL SELECT 'report', r.id::text, 'claimant', r.claimed_at FROM report r WHERE r.claimed_by = me()
          UNION ALL SELECT 'report_note', n.id::text, 'author', n.written_at FROM report_note n WHERE n.author = me()
          UNION ALL SELECT 'bar', b.id::text, 'made_by', b.made_at FROM bar b WHERE b.made_by = me()
          UNION ALL SELECT 'verification', v.id::text, 'seen_by', v.created_at FROM guide_verification v WHERE v.seen_by = me()
          UNION ALL SELECT 'proposal', p.id::text, 'asked_by', p.asked_at FROM proposal p WHERE p.asked_by = me()
          UNION ALL SELECT 'weights', w.version::text, 'author', w.created_at FROM weights w WHERE w.created_by = me()
          UNION ALL SELECT 'round', r.id::text, 'started_by', r.started_at FROM matching_round r WHERE r.started_by = me()
          UNION ALL SELECT 'override', o.kind, 'made_by', o.made_at FROM matching_override o WHERE o.made_by = me()
          UNION ALL SELECT 'service_request_office', o.id::text, 'advisor', o.assigned_at FROM service_request_office o WHERE o.advisor = me()
          UNION ALL SELECT 'event', e.id::text, 'actor', e.at FROM service_event e WHERE e.actor = me()
          UNION ALL SELECT 'attachment', a.id::text, 'actor', a.at FROM service_attachment a WHERE a.actor = me()
          UNION ALL SELECT 'slot', s.id::text, 'advisor', s.created_at FROM consultation_slot s WHERE s.advisor = me()
          UNION ALL SELECT 'absence', b.first_on::text, 'deputy', b.created_at FROM staff_absence b WHERE b.deputy = me()
         ) AS x(kind, id, part, at)
$$;

-- That there is a second factor, never what it is.
CREATE OR REPLACE FUNCTION export_second_factor() RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
  SELECT coalesce(jsonb_agg(to_jsonb(f) - 'sealed' - 'last_step' - 'account' || jsonb_build_object(
           'recovery_codes', (SELECT coalesce(jsonb_agg(jsonb_build_object('used_at', c.used_at) ORDER BY c.used_at), '[]')
                                FROM recovery_code c WHERE c.account = f.account))), '[]')
    FROM second_factor f WHERE f.account = me()
$$;
