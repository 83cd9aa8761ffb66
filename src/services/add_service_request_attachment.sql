-- SPDX-License-Identifier: EUPL-1.2
-- C has looked at the bytes, and put them into the directory if that is where they are kept; triggers count, and end waiting.
SELECT lock_for_service_request(:id);
INSERT INTO service_attachment (id, request, event, office_row, public, by, actor, name, type, size, kept_in, bytes)
SELECT :ctx_id, :id, :event, w.office_row, w.public, w.party, me(), :name, :type, :size, CASE WHEN :bytes IS NULL THEN 'directory' ELSE 'database' END, :bytes
  FROM attacher(:id, :event, :public) AS w;
SELECT a.id,
       a.event,
       a.name,
       a.type,
       a.size,
       a.public,
       a.by,
       a.created_at,
       a.url,
       a.url AS _location
  FROM service_attachment_record a
 WHERE a.id = :ctx_id
   AND a.request = :id;
