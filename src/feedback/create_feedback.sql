-- SPDX-License-Identifier: EUPL-1.2
-- Anybody's; a trigger finds the desk and the day. The address goes where no statement reads it.
SELECT refuse_unknown_object(:object->>'kind', (:object->>'id')::uuid);
INSERT INTO feedback (id, kind, content, about, text, language)
VALUES (:ctx_id, :kind, (:object->>'id')::uuid, :object->>'language', :text, :ctx_languages[1]);
SELECT keep_feedback_address(:ctx_id, :email)
 WHERE :email IS NOT NULL;
SELECT f.id,
       f.state,
       f.due_on
  FROM feedback f
 WHERE f.id = :ctx_id;
