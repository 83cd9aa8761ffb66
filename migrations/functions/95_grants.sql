-- SPDX-License-Identifier: EUPL-1.2
-- Who may call and read what, on one page. Nobody may what is not here.

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA welcome FROM PUBLIC, welcome, welcome_worker;

GRANT EXECUTE ON FUNCTION
  clock(), problem(text, jsonb), require(boolean, text), uuid_v7(), rfc3339(timestamptz), today(), title_in(jsonb, text[]), level_rank(text),
  level_name(integer), tags_of(jsonb), url_component(text), pointer_token(text), asks_since(timestamptz[], timestamptz), mail_language_of(text), me(),
  my_guide(), my_cities(), my_roles(), my_session(), is_admin(), task(), subject(), content_of(text, text, text, text[]), my_desks(), refuse_other_desks(text),
  refuse_wrong_place(content), content_touch(uuid),
  html_escape(text), html_link(text, text), card_of(text, text[]), with_embeds(text, text[], text[], text),
  text_with_embeds(text, text[], text[]),
  easter_sunday(integer), holidays_between(date, date), is_holiday(date), is_working_day(date), working_day_on_or_after(date), add_working_days(date, integer),
  last_day_of_period(date, integer, text, text, text), citizenship_of(text), citizenship_words(text, text),
  article_link(text, text, text[]), thing_of(text, text, text, text[]), thing_moved(text, text, text, text[]),
  distance_m(float8, float8, float8, float8), in_berlin(timestamp), coming_holidays(), opening_hours_of(jsonb), refuse_bad_hours(jsonb),
  open_times(jsonb, boolean, date[], date, date), open_at(place, timestamptz, date[]), opening_at(place, timestamptz, date[]),
  media_of(text, text[]), attachments_of(uuid, text[]), set_attachments(uuid, text[]), refuse_undescribed(uuid, text[]),
  words_of(jsonb), merge_patch(jsonb, jsonb), without_empty(jsonb), part_of(text, uuid), set_part(text, uuid, jsonb), set_place(uuid, jsonb),
  set_news(uuid, jsonb), set_story(uuid, jsonb), set_event(uuid, jsonb), refuse_faults(jsonb), refuse_bad_place(uuid, jsonb), unknown_tags(jsonb, text),
  local_time(timestamp), local_times(timestamp[]), occurrence_end(timestamptz, timestamp, interval), event_times(event),
  first_running(timestamptz), coming_occurrences(uuid), place_of(uuid, text[]), event_entry(uuid, text[]),
  set_occurrences(uuid, timestamp[], date)
  TO welcome, welcome_worker;

GRANT EXECUTE ON FUNCTION claim(bytea, bytea, uuid), recall(uuid, timestamptz), claimed_at(), limit_address(text, text, text, integer, integer),
  spend_challenge(bytea, bigint)
  TO welcome;
GRANT EXECUTE ON FUNCTION clean_claims(), clean_address_uses(), clean_challenges() TO welcome_worker;
GRANT EXECUTE ON FUNCTION
  precondition(text, text), subject(uuid), authenticate(bytea, text[], uuid), need(text[]), setting_secret(), close_session(),
  await_confirmation(text, uuid, text, text), request_sign_in(text, text), confirm_token(bytea, bytea), open_session(bytea, bytea),
  roles_of(uuid), staff_cities(), set_roles(uuid, jsonb), create_account(uuid, text, text, text, jsonb),
  lock_for_guide(uuid, boolean), lock_for_request(uuid), lock_for_proposal(uuid, text), lock_for_match(uuid),
  approve_cities(uuid), propose(uuid, uuid, uuid), explanation_of(proposal), score_of(proposal), terms_for(jsonb, boolean, boolean),
  terms_of(eligible), on_guides_side(uuid), queue_position(uuid), estimated_wait_days(uuid),
  -- called by the guards, which run as the caller
  actors(uuid, uuid), refuse_repeated_languages(jsonb), newcomer_wants_to_be_asked(uuid), another_awaits_newcomer(uuid, uuid),
  may_reopen(uuid), is_duplicate(text, uuid),
  text_configuration(text), without_marks(text), plain_letters(text), folded(text), search_words(text, text[]), all_of(tsquery[]),
  any_of(tsquery[]), is_served(text, text[], text[]), letters_of(text), reachable(text), meant(text, text[]), words_meant(text, text[]),
  search_marks(text, text[], text), search_found(text, text, text[], boolean), suggested(text, text, text, text[]),
  lock_for_content(uuid, text, text), lock_content_tree(), slug_taken(uuid, text, text), lock_for_revision(uuid), precondition_version(text, integer),
  entity_tag(integer, text), desk_of(text), refuse_unknown_links(uuid, uuid, uuid, uuid[]), slug_from(text), slug_for(text, text, text),
  source_of(uuid, text, text), refuse_unknown_source(uuid, text, text, uuid), bases_of(jsonb), editor_of(uuid),
  title_of(uuid, text[]), is_ahead(uuid, text), is_in_state(content, text, text), confirm_translations(uuid), desk_version(text), lock_for_desk(text, text), set_desk(text, boolean, text[]),
  refuse_unknown_embeds(text[]),
  desk_for_media(text), lock_for_media(text, text), refuse_unknown_media(text, text[]), contents_with(text), texts_merged(jsonb, jsonb),
  make_content(uuid, text, jsonb), change_content(uuid, text, jsonb)
  TO welcome;

GRANT EXECUTE ON FUNCTION
  extend_sessions(uuid[]), grant_role(text, text, text, text), mail_prepare(uuid, bytea), mail_sent(uuid), mail_failed(uuid, text),
  forget_token(bytea),
  expire_proposals(), remind(), resume_guides(), expire_unconfirmed(), expire_tokens(),
  close_stale_requests(), clean_outbox(), count_demand(jsonb), clean_demand(), import_persona(jsonb, timestamptz), settle_demo(text, text), demo_service_request(jsonb),
  publish_translation(uuid, text, text, text, text, text, text, text, text[], text, text, boolean, text[], jsonb, date),
  import_content(text, text, jsonb), is_imported(text, text, text, text), import_links(text, text, jsonb), import_misplaced(text, text),
  import_former_slugs(text, text, text, jsonb), import_media(text, text, bytea, integer, integer, jsonb)
  TO welcome_worker;

GRANT EXECUTE ON FUNCTION change_history(), reach_of(text, text[]), change_part(text, uuid, text), change_object(uuid, text, text, text[])
  TO welcome, welcome_worker;
GRANT EXECUTE ON FUNCTION turn_changes(), renumber_changes(), expire_feedback() TO welcome_worker;
GRANT EXECUTE ON FUNCTION refuse_unknown_places(uuid, uuid) TO welcome;
GRANT EXECUTE ON FUNCTION events_to_expand(), extend_occurrences(uuid, jsonb, timestamp[], date), clean_occurrences(),
  import_occurrences(text, timestamp[], date) TO welcome_worker;
GRANT EXECUTE ON FUNCTION
  widen_request(uuid, boolean, boolean), renew_request(uuid), answer_check_in(uuid, text, text), check_ins_of(uuid)
  TO welcome;
GRANT EXECUTE ON FUNCTION
  lock_for_party(uuid, uuid), file_report(uuid, uuid, uuid, text, text), end_reported(uuid), report_link(bytea), sees_report(report), lock_for_report(uuid, boolean),
  claim_report(uuid, boolean), note_report(uuid, uuid, text), notes_of(uuid), claimant_of(report), other_of(uuid, uuid), block_other(uuid, uuid, uuid),
  lock_for_bar(uuid, text, text), make_bar(uuid, uuid, text, text, text, text), lift_bar(uuid), is_barred(uuid), my_bars(), kept_for(text)
  TO welcome;
GRANT EXECUTE ON FUNCTION remind_of_reports(), escalate_reports(), expire_bars() TO welcome_worker;
GRANT EXECUTE ON FUNCTION ask_to_widen(), ask_still_looking(), ask_check_ins(), expire_reports() TO welcome_worker;
GRANT EXECUTE ON FUNCTION matching_snapshot(integer), matching_versions(), why_unplaced(uuid[]), terms_of_pairs(uuid[], uuid[]),
  write_round(jsonb, jsonb, jsonb), clean_rounds(), prices_due(), price_figures(), price_pairs(), price_speakers(),
  write_prices(text, integer, integer, jsonb)
  TO welcome_worker;
GRANT EXECUTE ON FUNCTION weights_now(), level_rank(text) TO welcome, welcome_worker;
GRANT EXECUTE ON FUNCTION reasons_told(jsonb), sees_rounds(), claim_round(uuid), round_proposals(uuid), create_weights(uuid, jsonb),
  set_override(uuid, uuid, text, text), lift_override(uuid, uuid), others_of(uuid), scarcity(), matching_metrics(integer)
  TO welcome;
GRANT EXECUTE ON FUNCTION
  my_advised(), service_actors(uuid), reopened_due_at(service_request_office), lock_for_service_request(uuid, text), my_office_row(uuid, jsonb),
  require_office_state(uuid, text[]), forward_service_request(uuid, jsonb, text, text, text), pass_on(uuid, text, text), has_forwarded(uuid, text, text, text), is_spam(uuid),
  reopen_service_request(uuid, jsonb, text), add_service_office(uuid, text, text),
  refuse_unknown_office(text, text), refuse_wrong_advisor(uuid, uuid), set_duplicate(uuid, uuid), offices_of(uuid, text[]), questions_in(jsonb, text[]),
  business_time_after(text, text, timestamptz, integer), business_minutes_between(text, text, timestamptz, timestamptz),
  is_away(uuid, date), deputy_of(uuid, date)
  TO welcome;
GRANT EXECUTE ON FUNCTION remind_offices(), escalate_offices(), confess_breaches(), ask_waiting_requesters(), tell_waiting_offices(),
  close_resolved_requests(), ask_satisfaction(), expire_service_requests()
  TO welcome_worker;
GRANT EXECUTE ON FUNCTION language_of(jsonb, text[]), offers_in(text, text, text[]), lock_for_name(text, text), lock_for_service(text, text), service_tag(text), service_whole(text), write_service(jsonb),
  set_service_offer(text, text, text, text, integer, integer), delete_service_offer(text, text), office_whole(text, text),
  lock_for_office(text, text, text), write_office(jsonb), keeps_partners(), lock_for_partner(uuid, text), write_partner(uuid, jsonb), partner_whole(uuid)
  TO welcome;
GRANT EXECUTE ON FUNCTION import_office(jsonb), import_service(jsonb, integer) TO welcome_worker;
GRANT EXECUTE ON FUNCTION
  create_slots(jsonb, text[]), slot_faults(jsonb), slots_by_rule(text, text, uuid, integer, jsonb), refuse_overlaps(uuid, timestamptz[], interval, boolean),
  slots_told(uuid[], text[]), offered_slots(uuid, text, timestamptz, uuid, integer, text[]), lock_for_slot(uuid), is_taken(uuid),
  lock_for_appointment(uuid, uuid), slot_for_move(uuid, uuid), appointments_told(uuid[], text[]), appointments_of(uuid, text[]),
  appointment_entry(appointment, text[])
  TO welcome;
GRANT EXECUTE ON FUNCTION remind_of_appointments(), end_appointments(), clean_slots() TO welcome_worker;
GRANT EXECUTE ON FUNCTION
  service_states(), is_with(uuid, text, text), due_limit(boolean, timestamptz), colleagues(text), advisor_name(uuid), record_service_export(jsonb), in_office_time(timestamptz),
  service_rows(jsonb, text[], integer), service_requests_found(text, text[])
  TO welcome;
GRANT EXECUTE ON FUNCTION
  speaker(uuid, jsonb, boolean), attacher(uuid, uuid, boolean), said_by(uuid, text[]), service_attachments_of(uuid, uuid), service_timeline(uuid, text[]),
  service_events_of(uuid, text[])
  TO welcome;
GRANT EXECUTE ON FUNCTION attachments_gone(), attachments_kept(uuid[]), attachments_removed(uuid[]) TO welcome_worker;
GRANT EXECUTE ON FUNCTION refuse_unknown_object(text, uuid), keep_feedback_address(uuid, text), lock_for_feedback(uuid) TO welcome;

GRANT EXECUTE ON FUNCTION seal_audit(), expire_audit(), audit_seals(bigint), audit_of_seal(bigint), audit_unsealed(),
  audit_records(uuid, uuid, text, integer), record_seen(jsonb) TO welcome_worker;

GRANT EXECUTE ON FUNCTION enrol_second_factor(bytea), try_second_factor(boolean), confirm_second_factor(bigint, text[]),
  pass_second_factor(bigint, bytea), remove_second_factor(bigint, bytea), reset_second_factor(uuid), session_told(), second_factor_told()
  TO welcome;
GRANT EXECUTE ON FUNCTION begin_oidc_sign_in(bytea), take_oidc_sign_in(bytea), open_staff_session(text, bytea, boolean) TO welcome;
GRANT EXECUTE ON FUNCTION reset_second_factor_of(text) TO welcome_worker;

GRANT EXECUTE ON FUNCTION set_retention(jsonb), retention_told(), enforce_retention(text), expire_guide_requests(), expire_matches(), expire_guides(),
  expire_accounts(), expire_erasures(), processing_record()
  TO welcome_worker;
GRANT EXECUTE ON FUNCTION schema_versions() TO welcome, welcome_worker;
GRANT EXECUTE ON FUNCTION note_job(text, bigint, text), job_notes(), figures(), set_up() TO welcome_worker;
GRANT EXECUTE ON FUNCTION import_legal_text(text, text, text, text, text, text, text, boolean) TO welcome_worker;
GRANT EXECUTE ON FUNCTION legal_text_for(text, text, text[]), consented(text, jsonb, text, text[]), my_consents(), lock_for_consent(uuid),
  record_withdrawal(uuid), lock_for_erasure(), erase_me(),
  export_account(), export_roles(), export_sessions(), export_links(), export_mails(), export_unconfirmed(), export_consents(),
  export_guides(), export_guide_requests(), export_proposals(), export_matches(), export_check_ins(), export_reports(), export_blocks(), export_bars(),
  export_service_requests(), export_appointments(), export_absences(), export_saved_exports(), export_feedback(),
  export_record(), export_work(), export_second_factor()
  TO welcome;

GRANT SELECT ON public_guide, guide_contact, request_contact, service_request_contact, office_public, my_deputy, proposal_detail, match_contact, candidate, staff_account, audit_record,
                published_translation, content_work, editorial_task, media_record, service_attachment_record
   TO welcome;
GRANT SELECT ON published_translation, slug_clash, exported_thing, exported_text, exported_media, undescribed TO welcome_worker;
