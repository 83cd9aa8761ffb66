-- SPDX-License-Identifier: EUPL-1.2
-- The window knows listed guides only: whoever stops being listed is gone for the next reader.
SELECT g.id,
       g.display_name,
       g.story,
       g.languages,
       g.cities,
       g.audiences,
       g.topics,
       g.taking
  FROM public_guide g
 WHERE g.id = :id;
