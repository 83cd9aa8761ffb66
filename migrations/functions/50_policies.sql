-- SPDX-License-Identifier: EUPL-1.2
-- The wall. Flat policies over own columns; class D tables (session, login_token, confirmation, feedback_address, staff_role, block, check_in, report_note, kept_apart, secret,
-- service_request_words, service_attachment_gone,
-- audit, and for the daemon outbox, guide_language, guide_request_language) have none: functions only.
-- The test for a task session is a CASE because the planner guesses that half the rows pass it, not one in two hundred.

CREATE POLICY own ON account FOR SELECT TO welcome USING (id = (SELECT me()) OR (SELECT is_admin()));
CREATE POLICY change ON account FOR UPDATE TO welcome USING (id = (SELECT me())) WITH CHECK (id = (SELECT me()));

CREATE POLICY own_or_city ON guide FOR SELECT TO welcome
  USING (account = (SELECT me()) OR id = (SELECT subject())
         OR (cities && (SELECT my_cities())::text[] AND state <> 'unverified'));
CREATE POLICY apply ON guide FOR INSERT TO welcome WITH CHECK (account IS NULL AND state = 'unverified');
CREATE POLICY own_or_home ON guide FOR UPDATE TO welcome
  USING (account = (SELECT me()) OR (home_city = ANY ((SELECT my_cities())::text[]) AND state <> 'unverified'))
  WITH CHECK (account = (SELECT me()) OR home_city = ANY ((SELECT my_cities())::text[]));

-- Flat, so that a coordinator's list finds its guides by city.
CREATE POLICY own_or_city ON guide_city FOR SELECT TO welcome
  USING (guide = (SELECT my_guide()) OR city = ANY ((SELECT my_cities())::text[]));

CREATE POLICY of_guide ON guide_verification FOR SELECT TO welcome
  USING (EXISTS (SELECT FROM guide g WHERE g.id = guide_verification.guide));
CREATE POLICY see ON guide_verification FOR INSERT TO welcome
  WITH CHECK (EXISTS (SELECT FROM guide g WHERE g.id = guide_verification.guide AND g.cities && (SELECT my_cities())::text[]));
CREATE POLICY withdraw ON guide_verification FOR DELETE TO welcome
  USING (EXISTS (SELECT FROM guide g WHERE g.id = guide_verification.guide AND g.cities && (SELECT my_cities())::text[]));

CREATE POLICY own_or_city ON guide_request FOR SELECT TO welcome
  USING ((account = (SELECT me()) OR id = (SELECT subject())
          OR (handled_by = ANY ((SELECT my_cities())::text[]) AND state <> 'unverified')
          OR also_handled_by && (SELECT my_cities())::text[])
         AND CASE WHEN (SELECT task()) IS NULL THEN true ELSE id = (SELECT task()) END);
CREATE POLICY ask ON guide_request FOR INSERT TO welcome WITH CHECK (account IS NULL AND state = 'unverified');
CREATE POLICY own_or_handled ON guide_request FOR UPDATE TO welcome
  USING ((account = (SELECT me()) OR (handled_by = ANY ((SELECT my_cities())::text[]) AND state <> 'unverified'))
         AND CASE WHEN (SELECT task()) IS NULL THEN true ELSE id = (SELECT task()) END)
  WITH CHECK (account = (SELECT me()) OR handled_by = ANY ((SELECT my_cities())::text[]));

-- A newcomer learns of a proposal when the guide has said yes, never of the others.
CREATE POLICY parties_or_cities ON proposal FOR SELECT TO welcome
  USING ((guide_account = (SELECT me()) OR (request_account = (SELECT me()) AND shown_at IS NOT NULL)
          OR request_city = ANY ((SELECT my_cities())::text[]) OR guide_city = ANY ((SELECT my_cities())::text[]))
         AND CASE WHEN (SELECT task()) IS NULL THEN true ELSE request = (SELECT task()) END);
CREATE POLICY answer ON proposal FOR UPDATE TO welcome
  USING ((guide_account = (SELECT me()) OR (request_account = (SELECT me()) AND shown_at IS NOT NULL))
         AND CASE WHEN (SELECT task()) IS NULL THEN true ELSE request = (SELECT task()) END)
  WITH CHECK (guide_account = (SELECT me()) OR request_account = (SELECT me()));

CREATE POLICY parties_or_cities ON match FOR SELECT TO welcome
  USING ((guide_account = (SELECT me()) OR request_account = (SELECT me())
          OR request_city = ANY ((SELECT my_cities())::text[]) OR guide_city = ANY ((SELECT my_cities())::text[]))
         AND CASE WHEN (SELECT task()) IS NULL THEN true ELSE request = (SELECT task()) END);
CREATE POLICY finish ON match FOR UPDATE TO welcome
  USING ((guide_account = (SELECT me()) OR request_account = (SELECT me())
          OR request_city = ANY ((SELECT my_cities())::text[]) OR guide_city = ANY ((SELECT my_cities())::text[]))
         AND CASE WHEN (SELECT task()) IS NULL THEN true ELSE request = (SELECT task()) END);

-- What one says of the other is for coordinators, unless they are one of the two; whoever has just said it may read the row.
CREATE POLICY of_cities ON report FOR SELECT TO welcome
  USING (id = (SELECT subject())
         OR (request_city = ANY ((SELECT my_cities())::text[]) OR guide_city = ANY ((SELECT my_cities())::text[]))
            AND (SELECT me()) NOT IN (reporter, reported));
CREATE POLICY resolve ON report FOR UPDATE TO welcome
  USING ((request_city = ANY ((SELECT my_cities())::text[]) OR guide_city = ANY ((SELECT my_cities())::text[]))
         AND (SELECT me()) NOT IN (reporter, reported));

CREATE POLICY own ON own_block FOR SELECT TO welcome USING (blocker = (SELECT me()));
CREATE POLICY take_back ON own_block FOR DELETE TO welcome USING (blocker = (SELECT me()));
CREATE POLICY of_cities ON bar FOR SELECT TO welcome
  USING (city = ANY ((SELECT my_cities())::text[]) AND id <> ALL ((SELECT my_bars())::uuid[]));

-- Rounds are about everybody; what people want otherwise is for who handles the request.
CREATE POLICY all_cities ON matching_round FOR SELECT TO welcome USING ('*' = ANY ((SELECT my_cities())::text[]) OR (SELECT is_admin()));
CREATE POLICY all_cities ON matching_unplaced FOR SELECT TO welcome USING ('*' = ANY ((SELECT my_cities())::text[]) OR (SELECT is_admin()));
CREATE POLICY of_request ON matching_override FOR SELECT TO welcome
  USING (EXISTS (SELECT FROM guide_request r WHERE r.id = matching_override.request AND r.handled_by = ANY ((SELECT my_cities())::text[])));

-- A request belongs to who asked and to the advisors of every city that has or had it; what comes after an office forwarded it is hidden
-- from that office (service_event). Offices of one request see each other through offices_of().
CREATE POLICY own_or_advised ON service_request FOR SELECT TO welcome
  USING ((account = (SELECT me()) OR id = (SELECT subject())
          OR (handled_by && (SELECT my_advised())::text[] AND state <> 'unverified'))
         AND CASE WHEN (SELECT task()) IS NULL THEN true ELSE id = (SELECT task()) END);
CREATE POLICY ask ON service_request FOR INSERT TO welcome WITH CHECK (account IS NULL AND state = 'unverified');
CREATE POLICY rate ON service_request FOR UPDATE TO welcome
  USING (account = (SELECT me()) AND CASE WHEN (SELECT task()) IS NULL THEN true ELSE id = (SELECT task()) END);

CREATE POLICY own_or_advised ON service_request_office FOR SELECT TO welcome
  USING ((requester_account = (SELECT me()) OR city = ANY ((SELECT my_advised())::text[]))
         AND CASE WHEN (SELECT task()) IS NULL THEN true ELSE request = (SELECT task()) END);
CREATE POLICY own_or_advised_change ON service_request_office FOR UPDATE TO welcome
  USING ((requester_account = (SELECT me()) OR city = ANY ((SELECT my_advised())::text[]))
         AND CASE WHEN (SELECT task()) IS NULL THEN true ELSE request = (SELECT task()) END);

-- An advisor who asked hears what is said to who asked.
CREATE POLICY told ON service_event FOR SELECT TO welcome
  USING ((public AND EXISTS (SELECT FROM service_request r WHERE r.id = service_event.request AND r.account = (SELECT me())))
         OR EXISTS (SELECT FROM service_request_office o
                     WHERE o.request = service_event.request AND o.city = ANY ((SELECT my_advised())::text[])
                       AND o.requester_account <> (SELECT me())
                       AND (o.left_at IS NULL OR service_event.at <= o.left_at)));
CREATE POLICY say ON service_event FOR INSERT TO welcome
  WITH CHECK (kind = 'message' AND actor = (SELECT me())
              AND CASE by WHEN 'requester' THEN public AND office_row IS NULL
                                                AND EXISTS (SELECT FROM service_request r WHERE r.id = service_event.request AND r.account = (SELECT me()))
                          WHEN 'staff' THEN EXISTS (SELECT FROM service_request_office o
                                                     WHERE o.id = service_event.office_row AND o.request = service_event.request
                                                       AND o.city = ANY ((SELECT my_advised())::text[]) AND o.left_at IS NULL
                                                       AND o.requester_account <> (SELECT me()))
                          ELSE false END);

-- An appointment belongs to who asked and to the advisors of the office's city; its slot to these, and by the appointment to who asked.
-- Free slots are shown to askers by offered_slots().
CREATE POLICY own_or_advised ON appointment FOR SELECT TO welcome
  USING ((requester_account = (SELECT me()) OR city = ANY ((SELECT my_advised())::text[]))
         AND CASE WHEN (SELECT task()) IS NULL THEN true ELSE request = (SELECT task()) END);
CREATE POLICY book ON appointment FOR INSERT TO welcome
  WITH CHECK ((requester_account = (SELECT me()) OR city = ANY ((SELECT my_advised())::text[]))
              AND CASE WHEN (SELECT task()) IS NULL THEN true ELSE request = (SELECT task()) END);
CREATE POLICY own_or_advised_change ON appointment FOR UPDATE TO welcome
  USING ((requester_account = (SELECT me()) OR city = ANY ((SELECT my_advised())::text[]))
         AND CASE WHEN (SELECT task()) IS NULL THEN true ELSE request = (SELECT task()) END);
CREATE POLICY advised_or_booked ON consultation_slot FOR SELECT TO welcome
  USING (city = ANY ((SELECT my_advised())::text[])
         OR EXISTS (SELECT FROM appointment a WHERE a.slot = consultation_slot.id AND a.requester_account = (SELECT me())));
CREATE POLICY offer ON consultation_slot FOR INSERT TO welcome WITH CHECK (city = ANY ((SELECT my_advised())::text[]));
CREATE POLICY withdraw ON consultation_slot FOR UPDATE TO welcome USING (city = ANY ((SELECT my_advised())::text[]));

-- A file is told to whom its message is told, and to an office that gave the request away only if it was there by then.
CREATE POLICY told ON service_attachment FOR SELECT TO welcome
  USING ((public AND EXISTS (SELECT FROM service_request r WHERE r.id = service_attachment.request AND r.account = (SELECT me())))
         OR EXISTS (SELECT FROM service_request_office o
                     WHERE o.request = service_attachment.request AND o.city = ANY ((SELECT my_advised())::text[])
                       AND o.requester_account <> (SELECT me())
                       AND (o.left_at IS NULL OR service_attachment.at <= o.left_at)));
CREATE POLICY attach ON service_attachment FOR INSERT TO welcome
  WITH CHECK (actor = (SELECT me())
              AND (event IS NULL OR EXISTS (SELECT FROM service_event e
                                             WHERE e.id = service_attachment.event AND e.request = service_attachment.request AND e.kind = 'message'
                                               AND e.actor = (SELECT me()) AND e.public = service_attachment.public
                                               AND e.office_row IS NOT DISTINCT FROM service_attachment.office_row))
              AND CASE by WHEN 'requester' THEN public AND office_row IS NULL
                                                AND EXISTS (SELECT FROM service_request r
                                                             WHERE r.id = service_attachment.request AND r.account = (SELECT me()))
                          ELSE EXISTS (SELECT FROM service_request_office o
                                        WHERE o.id = service_attachment.office_row AND o.request = service_attachment.request
                                          AND o.city = ANY ((SELECT my_advised())::text[]) AND o.left_at IS NULL
                                          AND o.requester_account <> (SELECT me())) END);

CREATE POLICY own ON staff_absence FOR SELECT TO welcome USING (account = (SELECT me()) OR deputy = (SELECT me()));
CREATE POLICY write ON staff_absence FOR INSERT TO welcome WITH CHECK (account = (SELECT me()));
CREATE POLICY take_back ON staff_absence FOR DELETE TO welcome USING (account = (SELECT me()));

CREATE POLICY own ON saved_export FOR SELECT TO welcome USING (account = (SELECT me()));
CREATE POLICY write ON saved_export FOR INSERT TO welcome WITH CHECK (account = (SELECT me()));
CREATE POLICY take_back ON saved_export FOR DELETE TO welcome USING (account = (SELECT me()));

CREATE POLICY send ON outbox TO welcome_worker USING (true);

-- Drafts and old revisions are for the editors of their desk; what is published stands in `translation` for everybody.
CREATE POLICY of_desk ON revision FOR SELECT TO welcome USING (desk = ANY ((SELECT my_desks())::text[]));
CREATE POLICY write ON revision FOR INSERT TO welcome WITH CHECK (desk = ANY ((SELECT my_desks())::text[]) AND state = 'draft');
CREATE POLICY change ON revision FOR UPDATE TO welcome USING (desk = ANY ((SELECT my_desks())::text[]));

-- Anybody reports; the editors of the desk read and resolve. The address is in a table of functions.
CREATE POLICY of_desk ON feedback FOR SELECT TO welcome USING (id = (SELECT subject()) OR desk = ANY ((SELECT my_desks())::text[]));
CREATE POLICY report ON feedback FOR INSERT TO welcome WITH CHECK (id = (SELECT subject()) AND state = 'open');
CREATE POLICY resolve ON feedback FOR UPDATE TO welcome USING (desk = ANY ((SELECT my_desks())::text[]));

-- What readers asked for in vain is for editors.
CREATE POLICY editors ON demand FOR SELECT TO welcome USING ((SELECT my_desks())::text[] <> '{}');
