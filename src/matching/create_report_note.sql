-- SPDX-License-Identifier: EUPL-1.2
-- Right and trace are the function's.
SELECT note_report(:ctx_id, :id, :text);
SELECT (n.note->>'id')::uuid AS id,
       n.note->>'text' AS text,
       (n.note->>'written_at')::timestamptz AS written_at,
       n.note->>'author' AS author,
       (n.note->>'mine')::boolean AS mine
  FROM jsonb_array_elements(notes_of(:id)) AS n (note)
 WHERE (n.note->>'id')::uuid = :ctx_id;
