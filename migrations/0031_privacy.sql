-- SPDX-License-Identifier: EUPL-1.2
-- Privacy: what people agreed to and when they took it back, how long each kind of data is kept, what is left when it goes, and the mark
-- of every column: what of people is in it. docs/privacy.md has the grammar of marks; a test wants one for each column.

-- migrate:up
SET LOCAL search_path = welcome, pg_temp;

-- Public. Texts as they were shown, older versions too: somebody agreed to them. city: '*' where the region's text holds. current: the one
-- shown now. draft: the operator has still to fill it in.
CREATE TABLE legal_text (
  kind          text NOT NULL CHECK (kind ~ '^[a-z]+(-[a-z]+)*$'),
  city          text NOT NULL DEFAULT '*',
  city_known    text GENERATED ALWAYS AS (nullif(city, '*')) STORED REFERENCES city,
  language      text NOT NULL REFERENCES language,
  version       text NOT NULL CHECK (version ~ '^[0-9A-Za-z][0-9A-Za-z._-]{0,39}$'),
  title         text NOT NULL,
  body_markdown text NOT NULL,
  body_html     text NOT NULL,
  draft         boolean NOT NULL DEFAULT false,
  current       boolean NOT NULL DEFAULT true,
  imported_at   timestamptz NOT NULL DEFAULT clock(),
  PRIMARY KEY (kind, city, language, version)
);
CREATE UNIQUE INDEX legal_text_current ON legal_text (kind, city, language) WHERE current;
CREATE INDEX legal_text_language ON legal_text (language);
CREATE INDEX legal_text_city ON legal_text (city_known) WHERE city_known IS NOT NULL;

ALTER TABLE guide ADD COLUMN consent_withdrawn_at timestamptz;
ALTER TABLE guide_request ADD COLUMN consent_withdrawn_at timestamptz;
ALTER TABLE service_request ADD COLUMN consent_withdrawn_at timestamptz;

-- How long each kind of data is kept; the program writes its configuration here when it starts.
CREATE TABLE retention (
  kind     text PRIMARY KEY CHECK (kind ~ '^[a-z]+(_[a-z]+)*$'),
  position integer NOT NULL UNIQUE,
  kept     interval NOT NULL CHECK (kept > interval '0'),
  what     text NOT NULL -- as the record of processing says it
);
INSERT INTO retention (kind, position, kept, what) VALUES
  ('unconfirmed', 1, '7 days', 'what nobody confirmed, from the last mail that asked to'),
  ('guide_requests', 2, '6 months', 'closed guide requests, from their end; those that had a match lose message, arrival and wishes then and go with the match'),
  ('matches', 3, '12 months', 'ended matches, from their end; addresses are not shown any more'),
  ('guides', 4, '12 months', 'profiles of guides who left or were rejected'),
  ('service_requests', 5, '24 months', 'service requests with conversation, files and appointments, from their end'),
  ('mails', 6, '7 days', 'mails, from when they were sent or given up'),
  ('accounts', 7, '6 months', 'accounts that nothing belongs to and nobody is signed in to'),
  ('audit', 8, '24 months', 'the record of what staff did with personal data, and receipts of erasures'),
  ('feedback', 9, '12 months', 'feedback of readers, from when it was resolved'),
  ('reports', 10, '12 months', 'reports about matches, from when they were resolved'),
  ('rounds', 11, '12 months', 'rounds of the matching; why somebody got nobody for seven days'),
  ('slots', 12, '12 months', 'consultation times that nobody came to'),
  ('demand', 13, '90 days', 'words that were searched in vain, counted without people');

-- Class D. That something was erased: whoever has the receipt can have it confirmed, nobody else is told of it.
CREATE TABLE erasure (
  receipt   bytea PRIMARY KEY CHECK (octet_length(receipt) = 32), -- its SHA-256
  erased_at timestamptz NOT NULL,
  erased    jsonb NOT NULL
);
CREATE INDEX erasure_age ON erasure (erased_at);

-- Class D. What has gone, as counts: statistics do not shrink when people leave. month: in which it was made. days: all that were waited, or
-- worked, by those who got an answer.
CREATE TABLE tally (
  id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind     text NOT NULL CHECK (kind IN ('guide', 'guide_request', 'match', 'service_request')),
  month    date NOT NULL CHECK (extract(day FROM month) = 1),
  city     text NOT NULL,
  language text,
  outcome  text,
  service  text,
  count    integer NOT NULL CHECK (count > 0),
  days     integer NOT NULL DEFAULT 0
);
CREATE INDEX tally_kind ON tally (kind, month);

ALTER TABLE retention ENABLE ROW LEVEL SECURITY;
ALTER TABLE erasure ENABLE ROW LEVEL SECURITY;
ALTER TABLE tally ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON legal_text TO welcome, welcome_worker;

-- What erasure and retention look for.
CREATE INDEX session_thing ON session (thing) WHERE thing IS NOT NULL;
CREATE INDEX claim_thing ON claim (thing);
CREATE INDEX session_request ON session (request) WHERE request IS NOT NULL;
CREATE INDEX outbox_subject ON outbox (subject_id) WHERE subject_id IS NOT NULL;
CREATE INDEX outbox_dead ON outbox (next_attempt_at) WHERE state = 'dead';
CREATE INDEX feedback_address_address ON feedback_address (lower(address));
CREATE INDEX guide_request_closed ON guide_request (closed_at) WHERE state = 'closed';
CREATE INDEX guide_gone ON guide (updated_at) WHERE state IN ('rejected', 'left');
CREATE INDEX match_ended ON match (ended_at) WHERE state = 'ended';
CREATE INDEX service_request_office_advised ON service_request_office (advisor, request) WHERE advisor IS NOT NULL;
-- Marks columns: '*' means all that have none yet. For tables people are in: why, who they are, who else gets to see it.
CREATE FUNCTION mark(relation text, mark text, columns text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  name text;
BEGIN
  FOR name IN SELECT a.attname FROM pg_attribute a
               WHERE a.attrelid = format('welcome.%I', relation)::regclass AND a.attnum > 0 AND NOT a.attisdropped
                 AND CASE columns WHEN '*' THEN col_description(a.attrelid, a.attnum) IS NULL
                                  ELSE a.attname = ANY (string_to_array(columns, ' ')) END LOOP
    EXECUTE format('COMMENT ON COLUMN welcome.%I.%I IS %L', relation, name, mark);
  END LOOP;
END
$$;

-- Nobody is in these.
DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['attachment', 'audience', 'change', 'checklist_rule', 'checklist_text', 'city', 'contact', 'content', 'content_slug',
                              'country', 'demand', 'desk', 'event', 'holiday', 'known_word', 'language', 'legal_text', 'mail_language', 'media', 'news',
                              'occurrence', 'office', 'office_closure', 'partner', 'place', 'place_category', 'price_table', 'related_language',
                              'retention', 'searchable', 'service', 'service_offer', 'service_version', 'stage', 'story', 'tally', 'topic',
                              'transition', 'translation'] LOOP
    PERFORM mark(name, 'not personal', '*');
  END LOOP;
  FOREACH name IN ARRAY ARRAY['secret', 'claim', 'address_use', 'spent_challenge', 'service_attachment_gone', 'erasure'] LOOP
    PERFORM mark(name, 'technical: keys, hashes and what remains to be done, telling of nobody by itself', '*');
  END LOOP;
END
$$;

-- People are in these.
COMMENT ON TABLE account IS 'purpose: to know who signs in, and to reach them; people: everybody who confirmed an address; recipients: admins, of staff; the other side of a match';
SELECT mark('account', 'personal: address, name and language of mails, to reach and greet; contract; accounts', 'email language display_name');
SELECT mark('account', 'personal: when the address was confirmed; contract; accounts', 'id created_at');
SELECT mark('account', 'technical', '*');
COMMENT ON TABLE staff_role IS 'purpose: to let staff do their work and nothing else; people: staff; recipients: admins';
SELECT mark('staff_role', 'personal: what somebody may do as staff; task; accounts', 'account role city granted_at');
SELECT mark('staff_role', 'technical', '*');
COMMENT ON TABLE session IS 'purpose: to stay signed in; people: everybody who signed in; recipients: nobody';
SELECT mark('session', 'personal: since when and until when somebody is signed in, and for what; contract; expiry', 'id account kind thing request created_at expires_at');
SELECT mark('session', 'technical', '*');
COMMENT ON TABLE confirmation IS 'purpose: to make sure that an address belongs to whoever used it; people: people who sent a form; recipients: nobody';
SELECT mark('confirmation', 'personal: address and language of a form that waits to be confirmed; consent; unconfirmed', 'subject_kind subject_id address language created_at expires_at');
COMMENT ON TABLE login_token IS 'purpose: to let people in by mailed links; people: everybody who gets mail with a link; recipients: nobody';
SELECT mark('login_token', 'personal: to which address a link was sent, for what, and when it was used; contract; expiry', 'kind address account subject_kind subject_id created_at expires_at used_at');
SELECT mark('login_token', 'technical', '*');
COMMENT ON TABLE outbox IS 'purpose: to send mails once and say why one did not arrive; people: everybody who gets mail; recipients: the operator of the mail server';
SELECT mark('outbox', 'personal: to whom a mail goes or went, about what; contract; mails', 'id template account address language subject_kind subject_id created_at state sent_at last_error');
SELECT mark('outbox', 'technical', '*');
COMMENT ON TABLE audit IS 'purpose: to be able to account for what staff do with personal data; people: staff, and people they worked for; recipients: admins';
SELECT mark('audit', 'personal: who did what with whose data, and when; task; audit', 'id at actor action subject_kind subject_id city detail');
COMMENT ON TABLE revision IS 'purpose: to know who wrote and who checked a text; people: editors; recipients: editors of the desk';
SELECT mark('revision', 'personal: who wrote a text and who let it pass; task; accounts; not exported: it names staff, whose own part stands in their work', 'author reviewer');
SELECT mark('revision', 'not personal', '*');
COMMENT ON TABLE feedback IS 'purpose: to repair what readers report; people: readers who report, without a name; recipients: editors of the desk';
SELECT mark('feedback', 'personal: what somebody wrote, and in which language; interest; feedback', 'text language reply reply_wanted created_at');
SELECT mark('feedback', 'personal: who answered; task; accounts; not exported: it names staff, whose own part stands in their work', 'resolved_by');
SELECT mark('feedback', 'not personal', '*');
COMMENT ON TABLE feedback_address IS 'purpose: to answer a report; people: readers who want an answer; recipients: nobody';
SELECT mark('feedback_address', 'personal: where to answer, until then; consent; feedback', 'feedback address');
COMMENT ON TABLE guide IS 'purpose: to find newcomers who fit a volunteer; people: Welcome-Guides; recipients: coordinators of their cities; newcomers they are proposed to; everybody, if listed';
SELECT mark('guide', 'personal: name, story and languages, to introduce the guide; consent; guides', 'id account display_name story languages');
SELECT mark('guide', 'personal: where, for whom and for what the guide helps; consent; guides', 'cities home_city serves audiences topics neighbours remote');
SELECT mark('guide', 'personal: how much time the guide has, and how often asked; consent; guides', 'capacity load asks_per_month recent_asks paused_until');
SELECT mark('guide', 'personal: gender, only if given, to respect wishes of newcomers, never shown; consent; guides', 'gender');
SELECT mark('guide', 'personal: whether the profile is public; consent; guides', 'listed');
SELECT mark('guide', 'personal: where the application stands and why; consent; guides', 'state applied_at decided_at decision_reason created_at updated_at');
SELECT mark('guide', 'personal: to what the guide agreed, and until when; consent; guides', 'consent_version consent_language consent_at consent_withdrawn_at');
SELECT mark('guide', 'technical', '*');
COMMENT ON TABLE guide_city IS 'purpose: to let each city decide which guides serve it; people: Welcome-Guides; recipients: coordinators of the cities';
SELECT mark('guide_city', 'personal: cities of the guide, and which approved; consent; guides', 'city position approved');
SELECT mark('guide_city', 'technical', '*');
SELECT mark('guide_language', 'technical: copy of the profile for joins', '*');
COMMENT ON TABLE guide_verification IS 'purpose: to protect newcomers; people: Welcome-Guides; recipients: coordinators of the cities';
SELECT mark('guide_verification', 'personal: which proof was seen and until when it holds, never the document; consent; guides', 'id kind seen_on valid_until created_at');
SELECT mark('guide_verification', 'personal: who has seen it; task; accounts; not exported: it names staff, whose own part stands in their work', 'seen_by');
SELECT mark('guide_verification', 'technical', '*');
COMMENT ON TABLE guide_price IS 'purpose: to spread asks fairly; people: Welcome-Guides; recipients: coordinators for all cities, by totals';
SELECT mark('guide_price', 'personal: how scarce a guide like this is; consent; guides', 'version price');
SELECT mark('guide_price', 'technical', '*');
COMMENT ON TABLE guide_request IS 'purpose: to find a guide who fits a newcomer; people: newcomers; recipients: coordinators of the city; guides who are asked';
SELECT mark('guide_request', 'personal: name and languages, to introduce the newcomer; consent; guide_requests', 'id account display_name languages');
SELECT mark('guide_request', 'personal: where, for whom and for what a guide is looked for; consent; guide_requests', 'city handled_by also_handled_by remote neighbours audience topics');
SELECT mark('guide_request', 'personal: arrival and message, so that guides understand; consent; guide_requests', 'arrival_on message');
SELECT mark('guide_request', 'personal: wishes for the guide, and when to share the address; consent; guide_requests', 'preferred_guide share_contact guide_gender guide_gender_must');
SELECT mark('guide_request', 'personal: where the request stands and since when; consent; guide_requests', 'state closed_as created_at waiting_since renewed_at closed_at updated_at widen_asked_at widened_at still_asked_at');
SELECT mark('guide_request', 'personal: to what the newcomer agreed, and until when; consent; guide_requests', 'consent_version consent_language consent_at consent_withdrawn_at');
SELECT mark('guide_request', 'technical', '*');
SELECT mark('guide_request_language', 'technical: copy of the request for joins', '*');
COMMENT ON TABLE block IS 'purpose: to keep two people apart; people: guides and newcomers; recipients: nobody';
SELECT mark('block', 'personal: who is not proposed to whom; interest; accounts; not exported: it would tell what the other said', 'newcomer guide rule created_at');
COMMENT ON TABLE proposal IS 'purpose: to ask guides about newcomers; people: guides and newcomers; recipients: the two; coordinators of both cities';
SELECT mark('proposal', 'personal: who was asked about whom, when, and with which answer; consent; guide_requests', 'id request guide state asked_at expires_at reminded_at shown_at answered_at decline_reason decline_note');
SELECT mark('proposal', 'personal: why the two fit, by points; consent; guide_requests', 'terms score weights');
SELECT mark('proposal', 'personal: who asked by hand; task; accounts; not exported: it names staff, whose own part stands in their work', 'asked_by');
SELECT mark('proposal', 'technical: copies for the wall and the order of asks', '*');
COMMENT ON TABLE match IS 'purpose: to bring two people together and see that it goes well; people: guides and newcomers; recipients: the two; coordinators of both cities';
SELECT mark('match', 'personal: who accompanies whom, since when, and how it ended; consent; matches', 'id request guide state since language waited_days ended_at ended_reason ended_by ended_note paused_at asked_week');
SELECT mark('match', 'technical: copies for the wall', '*');
COMMENT ON TABLE check_in IS 'purpose: to help where a match does not work; people: guides and newcomers; recipients: coordinators of both cities';
SELECT mark('check_in', 'personal: how somebody said it goes; consent; matches', 'match week party answer note answered_at');
COMMENT ON TABLE report IS 'purpose: to protect people from each other; people: guides and newcomers; recipients: coordinators of both cities';
SELECT mark('report', 'personal: what one says of the other, and what was done; interest; reports', 'id match reported_by reason text state created_at outcome note resolved_at');
SELECT mark('report', 'personal: who decided; task; accounts; not exported: it names staff, whose own part stands in their work', 'resolved_by');
SELECT mark('report', 'technical', '*');
COMMENT ON TABLE weights IS 'purpose: to know who set the points; people: coordinators for all cities and admins; recipients: coordinators for all cities and admins';
SELECT mark('weights', 'personal: who set them; task; accounts; not exported: it names staff, whose own part stands in their work', 'created_by');
SELECT mark('weights', 'not personal', '*');
COMMENT ON TABLE matching_round IS 'purpose: to prove how proposals came to be; people: coordinators for all cities and admins; recipients: coordinators for all cities and admins';
SELECT mark('matching_round', 'personal: who started it; task; rounds; not exported: it names staff, whose own part stands in their work', 'started_by');
SELECT mark('matching_round', 'not personal', '*');
COMMENT ON TABLE matching_unplaced IS 'purpose: to tell why nobody was found; people: newcomers; recipients: coordinators for all cities';
SELECT mark('matching_unplaced', 'personal: what stood in the way; consent; rounds', 'round speakers reasons');
SELECT mark('matching_unplaced', 'technical', '*');
COMMENT ON TABLE matching_override IS 'purpose: to let people overrule the program; people: guides and newcomers; recipients: coordinators for all cities';
SELECT mark('matching_override', 'personal: that two shall be, or shall not be, proposed to each other; consent; guide_requests', 'kind made_at');
SELECT mark('matching_override', 'personal: why; consent; guide_requests; not exported: it may tell what the other said', 'reason');
SELECT mark('matching_override', 'personal: who decided; task; accounts; not exported: it names staff, whose own part stands in their work', 'made_by');
SELECT mark('matching_override', 'technical', '*');
COMMENT ON TABLE service_request IS 'purpose: to answer companies, newcomers and partners; people: people who ask for a service, and who acts for a company; recipients: advisors of the cities whose offices have it';
SELECT mark('service_request', 'personal: name and telephone number, to reach whoever asks; consent; service_requests', 'id account reference contact_name contact_phone language');
SELECT mark('service_request', 'personal: the company; consent; service_requests', 'company_name company_legal_status company_size company_industry company_register');
SELECT mark('service_request', 'personal: what is asked for; consent; service_requests', 'service version city answers message');
SELECT mark('service_request', 'personal: where the request stands; consent; service_requests', 'state outcome rejected_reason handled_by created_at submitted_at resolved_at closed_at asked_rating_at');
SELECT mark('service_request', 'personal: how it was; consent; service_requests', 'rating rating_text rated_at');
SELECT mark('service_request', 'personal: to what the asker agreed, and until when; consent; service_requests', 'consent_version consent_language consent_at consent_withdrawn_at');
SELECT mark('service_request', 'personal: which request it repeats; task; service_requests; not exported: the other may be somebody else’s', 'duplicate_of');
SELECT mark('service_request', 'technical', '*');
COMMENT ON TABLE service_request_office IS 'purpose: to see that offices keep their promises; people: people who ask for a service; advisors; recipients: advisors of the city';
SELECT mark('service_request_office', 'personal: at which office the request was, until when it was promised what; consent; service_requests', 'id service city office state request_state outcome submitted_at acknowledged_at assigned_at waiting_since resolved_at left_at acknowledge_due_at resolve_due_at due_at breached_at');
SELECT mark('service_request_office', 'personal: what the office said with its last step; consent; service_requests; not exported: of spam nothing is told, else it is', 'note rejected_as');
SELECT mark('service_request_office', 'personal: who has it; task; accounts; not exported: it names staff, whose own part stands in their work', 'advisor');
SELECT mark('service_request_office', 'technical', '*');
COMMENT ON TABLE service_event IS 'purpose: to tell what happened to a request; people: people who ask for a service; advisors; recipients: advisors of the cities whose offices have it';
SELECT mark('service_event', 'personal: what happened or was said, by whom; consent; service_requests', 'id at kind public by');
SELECT mark('service_event', 'personal: the words; consent; service_requests; not exported: internal notes are looked through by people first, public words are', 'text detail');
SELECT mark('service_event', 'personal: whose account; task; accounts; not exported: it names staff, whose own part stands in their work', 'actor');
SELECT mark('service_event', 'technical', '*');
COMMENT ON TABLE service_attachment IS 'purpose: to exchange files about a request; people: people who ask for a service; advisors; recipients: advisors of the cities whose offices have it';
SELECT mark('service_attachment', 'personal: a file that was sent; consent; service_requests', 'id name type size at public by event');
SELECT mark('service_attachment', 'personal: its bytes; consent; service_requests; not exported: it is downloaded by its url', 'bytes');
SELECT mark('service_attachment', 'personal: who sent it; task; accounts; not exported: it names staff, whose own part stands in their work', 'actor');
SELECT mark('service_attachment', 'technical', '*');
SELECT mark('service_request_words', 'technical: index of the request', '*');
COMMENT ON TABLE staff_absence IS 'purpose: to let nobody wait for who is away; people: staff; recipients: colleagues of the city';
SELECT mark('staff_absence', 'personal: days somebody is away; task; accounts', 'account first_on last_on created_at');
SELECT mark('staff_absence', 'personal: who stands in; task; accounts; not exported: it names staff, whose own part stands in their work', 'deputy');
COMMENT ON TABLE saved_export IS 'purpose: to repeat exports; people: advisors; recipients: nobody';
SELECT mark('saved_export', 'personal: what somebody exports; task; accounts', 'id account name filter created_at');
COMMENT ON TABLE consultation_slot IS 'purpose: to offer consultations; people: advisors; recipients: people with a request at the office; advisors of the city';
SELECT mark('consultation_slot', 'personal: when an advisor has time; task; slots; not exported: it names staff, whose own part stands in their work', 'advisor');
SELECT mark('consultation_slot', 'not personal', '*');
COMMENT ON TABLE appointment IS 'purpose: to hold consultations; people: people who ask for a service; recipients: advisors of the city';
SELECT mark('appointment', 'personal: when somebody meets an advisor, and what became of it; consent; service_requests', 'id request office_row city office slot starts_at ends_at state time_zone sequence moved_from reason cancelled_by booked_at moved_at cancelled_at changed_at reminded_at');
SELECT mark('appointment', 'technical', '*');
RESET search_path;

-- migrate:down
