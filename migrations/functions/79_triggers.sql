-- SPDX-License-Identifier: EUPL-1.2
-- All triggers on one page. BEFORE triggers run in the order of their names: what an answer means, then whether it may be.
CREATE OR REPLACE TRIGGER a_meaning BEFORE UPDATE ON guide FOR EACH ROW EXECUTE FUNCTION guide_before();
CREATE OR REPLACE TRIGGER b_guard BEFORE UPDATE ON guide
  FOR EACH ROW WHEN (OLD.state <> NEW.state) EXECUTE FUNCTION guard_transition();
CREATE OR REPLACE TRIGGER number BEFORE INSERT ON topic FOR EACH ROW EXECUTE FUNCTION number_topic();
CREATE OR REPLACE TRIGGER c_topics BEFORE INSERT OR UPDATE OF topics ON guide FOR EACH ROW EXECUTE FUNCTION count_topics();
CREATE OR REPLACE TRIGGER a_spread AFTER INSERT OR UPDATE OF languages, cities, state ON guide FOR EACH ROW EXECUTE FUNCTION guide_spread();
CREATE OR REPLACE TRIGGER b_consequences AFTER UPDATE ON guide
  FOR EACH ROW WHEN (OLD.state <> NEW.state) EXECUTE FUNCTION guide_after();
CREATE OR REPLACE TRIGGER c_matching AFTER UPDATE OF languages, cities, capacity, neighbours, remote, asks_per_month ON guide
  FOR EACH ROW EXECUTE FUNCTION notify('matching');
CREATE OR REPLACE TRIGGER serves AFTER INSERT OR UPDATE OR DELETE ON guide_city FOR EACH ROW EXECUTE FUNCTION guide_city_after();

CREATE OR REPLACE TRIGGER a_preference BEFORE INSERT OR UPDATE OF preferred_guide ON guide_request
  FOR EACH ROW WHEN (NEW.preferred_guide IS NOT NULL) EXECUTE FUNCTION guide_request_preference();
CREATE OR REPLACE TRIGGER b_meaning BEFORE UPDATE ON guide_request FOR EACH ROW EXECUTE FUNCTION guide_request_before();
CREATE OR REPLACE TRIGGER c_guard BEFORE UPDATE ON guide_request
  FOR EACH ROW WHEN (OLD.state <> NEW.state) EXECUTE FUNCTION guard_transition();
CREATE OR REPLACE TRIGGER d_topics BEFORE INSERT OR UPDATE OF topics ON guide_request
  FOR EACH ROW EXECUTE FUNCTION count_topics();
CREATE OR REPLACE TRIGGER a_spread AFTER INSERT OR UPDATE OF languages ON guide_request
  FOR EACH ROW EXECUTE FUNCTION guide_request_spread();
CREATE OR REPLACE TRIGGER b_consequences AFTER UPDATE ON guide_request FOR EACH ROW EXECUTE FUNCTION guide_request_after();

CREATE OR REPLACE TRIGGER a_made BEFORE INSERT ON proposal FOR EACH ROW EXECUTE FUNCTION proposal_made();
CREATE OR REPLACE TRIGGER a_meaning BEFORE UPDATE ON proposal FOR EACH ROW EXECUTE FUNCTION proposal_before();
CREATE OR REPLACE TRIGGER b_guard BEFORE UPDATE ON proposal
  FOR EACH ROW WHEN (OLD.state <> NEW.state) EXECUTE FUNCTION guard_transition();
CREATE OR REPLACE TRIGGER b_made AFTER INSERT ON proposal FOR EACH ROW EXECUTE FUNCTION proposal_after();
CREATE OR REPLACE TRIGGER b_consequences AFTER UPDATE ON proposal
  FOR EACH ROW WHEN (OLD.state <> NEW.state) EXECUTE FUNCTION proposal_after();

CREATE OR REPLACE TRIGGER a_meaning BEFORE UPDATE ON match FOR EACH ROW EXECUTE FUNCTION match_before();
CREATE OR REPLACE TRIGGER b_guard BEFORE UPDATE ON match
  FOR EACH ROW WHEN (OLD.state <> NEW.state) EXECUTE FUNCTION guard_transition();
CREATE OR REPLACE TRIGGER b_made AFTER INSERT ON match FOR EACH ROW EXECUTE FUNCTION match_made();
CREATE OR REPLACE TRIGGER b_consequences AFTER UPDATE ON match
  FOR EACH ROW WHEN (OLD.state <> NEW.state) EXECUTE FUNCTION match_after();

CREATE OR REPLACE TRIGGER a_meaning BEFORE UPDATE ON report FOR EACH ROW EXECUTE FUNCTION report_before();
CREATE OR REPLACE TRIGGER b_guard BEFORE UPDATE ON report
  FOR EACH ROW WHEN (OLD.state <> NEW.state) EXECUTE FUNCTION guard_transition();
CREATE OR REPLACE TRIGGER b_consequences AFTER UPDATE ON report
  FOR EACH ROW WHEN (OLD.state <> NEW.state) EXECUTE FUNCTION report_after();

CREATE OR REPLACE TRIGGER a_asked BEFORE INSERT ON service_request FOR EACH ROW EXECUTE FUNCTION service_request_asked();
CREATE OR REPLACE TRIGGER a_meaning BEFORE UPDATE OF state, advisor, note, outcome, rejected_as ON service_request_office
  FOR EACH ROW EXECUTE FUNCTION service_office_before();
CREATE OR REPLACE TRIGGER b_guard BEFORE UPDATE OF state ON service_request_office
  FOR EACH ROW WHEN (OLD.state <> NEW.state) EXECUTE FUNCTION guard_transition();
CREATE OR REPLACE TRIGGER c_clock BEFORE INSERT OR UPDATE OF state, acknowledge_due_at, resolve_due_at ON service_request_office
  FOR EACH ROW EXECUTE FUNCTION service_office_clock();
CREATE OR REPLACE TRIGGER b_made AFTER INSERT ON service_request_office FOR EACH ROW EXECUTE FUNCTION service_office_made();
CREATE OR REPLACE TRIGGER b_consequences AFTER UPDATE OF state, advisor ON service_request_office
  FOR EACH ROW WHEN ((OLD.state, OLD.advisor) IS DISTINCT FROM (NEW.state, NEW.advisor)) EXECUTE FUNCTION service_office_after();
CREATE OR REPLACE TRIGGER c_appointments AFTER UPDATE OF state ON service_request_office
  FOR EACH ROW WHEN (OLD.state <> NEW.state AND NEW.state IN ('resolved', 'rejected', 'withdrawn', 'forwarded')) EXECUTE FUNCTION service_office_left();

CREATE OR REPLACE TRIGGER a_made BEFORE INSERT ON appointment FOR EACH ROW EXECUTE FUNCTION appointment_made();
CREATE OR REPLACE TRIGGER a_meaning BEFORE UPDATE OF state, slot, reason ON appointment FOR EACH ROW EXECUTE FUNCTION appointment_before();
CREATE OR REPLACE TRIGGER b_guard BEFORE UPDATE OF state ON appointment
  FOR EACH ROW WHEN (OLD.state <> NEW.state) EXECUTE FUNCTION guard_transition();
CREATE OR REPLACE TRIGGER b_made AFTER INSERT ON appointment FOR EACH ROW EXECUTE FUNCTION appointment_after();
CREATE OR REPLACE TRIGGER b_consequences AFTER UPDATE OF state, slot ON appointment
  FOR EACH ROW WHEN ((OLD.state, OLD.slot) IS DISTINCT FROM (NEW.state, NEW.slot)) EXECUTE FUNCTION appointment_after();
CREATE OR REPLACE TRIGGER a_withdrawn BEFORE UPDATE OF withdrawn_at ON consultation_slot
  FOR EACH ROW WHEN (OLD.withdrawn_at IS NULL AND NEW.withdrawn_at IS NOT NULL) EXECUTE FUNCTION slot_withdrawn();
CREATE OR REPLACE TRIGGER b_abandoned AFTER UPDATE OF advisor ON consultation_slot
  FOR EACH ROW WHEN (OLD.advisor IS NOT NULL AND NEW.advisor IS NULL) EXECUTE FUNCTION slot_abandoned();
CREATE OR REPLACE TRIGGER c_words AFTER UPDATE OF company_name, contact_name, answers, message ON service_request
  FOR EACH ROW WHEN (OLD.account IS NOT NULL) EXECUTE FUNCTION service_words_changed('id');
CREATE OR REPLACE TRIGGER c_words AFTER INSERT OR UPDATE OF city, left_at ON service_request_office
  FOR EACH ROW EXECUTE FUNCTION service_words_changed('request');
CREATE OR REPLACE TRIGGER c_words AFTER INSERT ON service_event
  FOR EACH ROW WHEN (NEW.text IS NOT NULL) EXECUTE FUNCTION service_words_changed('request');
CREATE OR REPLACE TRIGGER c_words_changed AFTER UPDATE OF text, public ON service_event
  FOR EACH ROW WHEN (num_nonnulls(OLD.text, NEW.text) > 0) EXECUTE FUNCTION service_words_changed('request');
CREATE OR REPLACE TRIGGER c_words_gone AFTER DELETE ON service_event
  FOR EACH ROW WHEN (OLD.text IS NOT NULL) EXECUTE FUNCTION service_words_changed('request');
CREATE OR REPLACE TRIGGER a_absence BEFORE INSERT ON staff_absence FOR EACH ROW EXECUTE FUNCTION staff_absence_before();
CREATE OR REPLACE TRIGGER a_saved BEFORE INSERT ON saved_export FOR EACH ROW EXECUTE FUNCTION saved_export_before();
CREATE OR REPLACE TRIGGER b_said AFTER INSERT ON service_event
  FOR EACH ROW WHEN (NEW.kind = 'message') EXECUTE FUNCTION service_message_after();
CREATE OR REPLACE TRIGGER a_limits BEFORE INSERT ON service_attachment FOR EACH ROW EXECUTE FUNCTION service_attachment_before();
CREATE OR REPLACE TRIGGER b_brought AFTER INSERT ON service_attachment FOR EACH ROW EXECUTE FUNCTION service_attachment_after();
CREATE OR REPLACE TRIGGER c_gone AFTER DELETE ON service_attachment
  FOR EACH ROW WHEN (OLD.kept_in = 'directory') EXECUTE FUNCTION service_attachment_after();
CREATE OR REPLACE TRIGGER c_rating BEFORE UPDATE OF rating, rating_text ON service_request
  FOR EACH ROW WHEN ((OLD.rating, OLD.rating_text) IS DISTINCT FROM (NEW.rating, NEW.rating_text)) EXECUTE FUNCTION service_request_rating();
CREATE OR REPLACE TRIGGER d_rated AFTER UPDATE OF rating, rating_text ON service_request
  FOR EACH ROW WHEN ((OLD.rating, OLD.rating_text) IS DISTINCT FROM (NEW.rating, NEW.rating_text)) EXECUTE FUNCTION service_request_rated();

CREATE OR REPLACE TRIGGER a_tree BEFORE INSERT OR UPDATE ON content FOR EACH ROW EXECUTE FUNCTION content_before();
CREATE OR REPLACE TRIGGER b_below AFTER UPDATE ON content FOR EACH ROW EXECUTE FUNCTION content_after();
CREATE OR REPLACE TRIGGER a_frozen BEFORE UPDATE ON revision FOR EACH ROW EXECUTE FUNCTION revision_frozen();
CREATE OR REPLACE TRIGGER b_guard BEFORE UPDATE ON revision
  FOR EACH ROW WHEN (OLD.state <> NEW.state) EXECUTE FUNCTION guard_transition();
CREATE OR REPLACE TRIGGER c_publish BEFORE INSERT OR UPDATE OF state ON revision FOR EACH ROW EXECUTE FUNCTION revision_before();
CREATE OR REPLACE TRIGGER d_readers AFTER INSERT OR UPDATE OF state ON revision FOR EACH ROW EXECUTE FUNCTION revision_after();
CREATE OR REPLACE TRIGGER a_languages AFTER INSERT OR DELETE ON translation FOR EACH ROW EXECUTE FUNCTION translation_after();
CREATE OR REPLACE TRIGGER b_hours BEFORE INSERT OR UPDATE OF opening_hours ON place
  FOR EACH ROW WHEN (NEW.opening_hours IS NOT NULL) EXECUTE FUNCTION place_hours();
CREATE OR REPLACE TRIGGER b_feed AFTER INSERT OR UPDATE OR DELETE ON translation FOR EACH ROW EXECUTE FUNCTION translation_changed();
CREATE OR REPLACE TRIGGER c_feed AFTER UPDATE ON content
  FOR EACH ROW WHEN (OLD IS DISTINCT FROM NEW) EXECUTE FUNCTION content_changed();
CREATE OR REPLACE TRIGGER c_feed_deleted AFTER DELETE ON content FOR EACH ROW EXECUTE FUNCTION content_changed();
CREATE OR REPLACE TRIGGER b_times BEFORE UPDATE ON event FOR EACH ROW EXECUTE FUNCTION event_before();
CREATE OR REPLACE TRIGGER b_feed AFTER INSERT OR UPDATE ON news FOR EACH ROW EXECUTE FUNCTION news_changed();
CREATE OR REPLACE TRIGGER c_feed AFTER UPDATE ON media
  FOR EACH ROW WHEN ((OLD.alternative_texts, OLD.credit) IS DISTINCT FROM (NEW.alternative_texts, NEW.credit)) EXECUTE FUNCTION media_changed();
CREATE OR REPLACE TRIGGER b_searchable AFTER INSERT OR UPDATE OF slug, title, summary, body_text ON translation
  FOR EACH ROW EXECUTE FUNCTION translation_searchable();

CREATE OR REPLACE TRIGGER a_desk BEFORE INSERT OR UPDATE OR DELETE ON media FOR EACH ROW EXECUTE FUNCTION media_guard();
CREATE OR REPLACE TRIGGER b_texts BEFORE UPDATE ON media FOR EACH ROW EXECUTE FUNCTION media_before();
CREATE OR REPLACE TRIGGER c_seen AFTER UPDATE OF thumbnail ON content
  FOR EACH ROW WHEN (NEW.thumbnail IS NOT NULL AND NEW.thumbnail IS DISTINCT FROM OLD.thumbnail) EXECUTE FUNCTION content_shows();
CREATE OR REPLACE TRIGGER c_seen AFTER INSERT ON attachment FOR EACH ROW EXECUTE FUNCTION attachment_shows();
CREATE OR REPLACE TRIGGER e_seen BEFORE INSERT OR UPDATE OF state ON revision
  FOR EACH ROW WHEN (NEW.state = 'published') EXECUTE FUNCTION revision_shows();
CREATE OR REPLACE TRIGGER a_desk BEFORE INSERT ON feedback FOR EACH ROW EXECUTE FUNCTION feedback_before();
CREATE OR REPLACE TRIGGER a_resolve BEFORE UPDATE OF state, reply ON feedback FOR EACH ROW EXECUTE FUNCTION feedback_resolved();
CREATE OR REPLACE TRIGGER b_answer AFTER UPDATE ON feedback
  FOR EACH ROW WHEN (OLD.state = 'open' AND NEW.state = 'resolved') EXECUTE FUNCTION feedback_answered();

CREATE OR REPLACE TRIGGER a_mark BEFORE INSERT ON audit FOR EACH ROW EXECUTE FUNCTION audit_mark();
CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR DELETE ON audit FOR EACH ROW EXECUTE FUNCTION audit_refuse();
CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR DELETE ON audit_seal FOR EACH ROW EXECUTE FUNCTION audit_seal_refuse();
CREATE OR REPLACE TRIGGER never_emptied BEFORE TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_truncate();
CREATE OR REPLACE TRIGGER never_emptied BEFORE TRUNCATE ON audit_seal FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_truncate();
-- Commits that notify wait for each other, so what the daemon's own requests write notifies nobody: the daemon wakes its mailer itself.
CREATE OR REPLACE TRIGGER wake AFTER INSERT ON outbox
  FOR EACH STATEMENT WHEN (session_user <> 'welcome') EXECUTE FUNCTION notify('outbox');
CREATE OR REPLACE TRIGGER wake AFTER INSERT ON weights FOR EACH STATEMENT EXECUTE FUNCTION notify('matching');

DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['place', 'news', 'event', 'story', 'attachment'] LOOP
    EXECUTE format('CREATE OR REPLACE TRIGGER a_desk BEFORE INSERT OR UPDATE OR DELETE ON %I
                      FOR EACH ROW EXECUTE FUNCTION content_part_before(''content'')', name);
  END LOOP;
  CREATE OR REPLACE TRIGGER a_desk BEFORE INSERT OR UPDATE OR DELETE ON contact
    FOR EACH ROW EXECUTE FUNCTION content_part_before('place');
  -- By row: jobs look for something to change every few seconds, and what finds nothing must void no cache.
  FOREACH name IN ARRAY ARRAY['city', 'language', 'related_language', 'country', 'audience', 'stage', 'topic', 'place_category', 'holiday'] LOOP
    EXECUTE format('CREATE OR REPLACE TRIGGER tell AFTER INSERT OR UPDATE OR DELETE ON %I FOR EACH ROW EXECUTE FUNCTION notify(''reference'')', name);
    EXECUTE format('CREATE OR REPLACE TRIGGER tell_all AFTER TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION notify(''reference'')', name);
  END LOOP;
  FOREACH name IN ARRAY ARRAY['content', 'translation', 'content_slug', 'place', 'contact', 'news', 'event', 'occurrence', 'story', 'media', 'attachment',
                             'office', 'service', 'service_version', 'service_offer', 'partner', 'legal_text'] LOOP
    EXECUTE format('CREATE OR REPLACE TRIGGER tell AFTER INSERT OR UPDATE OR DELETE ON %I FOR EACH ROW EXECUTE FUNCTION notify(''content'')', name);
    EXECUTE format('CREATE OR REPLACE TRIGGER tell_all AFTER TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION notify(''content'')', name);
  END LOOP;
END
$$;
