-- SPDX-License-Identifier: EUPL-1.2
-- Who is first has it: a trigger locks the slot, and says what stands against it (slot_taken, already_booked).
SELECT lock_for_service_request(:id);
INSERT INTO appointment (id, request, slot, time_zone)
VALUES (:ctx_id, :id, :slot, :time_zone);
SELECT t.id,
       t.state,
       t.service_request,
       t.office,
       t.advisor,
       t.slot,
       t.starts_at,
       t.ends_at,
       t.time_zone,
       t.requester_time_zone,
       t.place,
       t.video_link,
       t.languages,
       t.reason,
       t.cancelled_by,
       t.booked_at,
       t.moved_at,
       t.cancelled_at,
       '/v1/service-requests/' || :id || '/appointments/' || t.id AS _location
  FROM appointments_told(ARRAY[:ctx_id], :ctx_languages) t;
