-- SPDX-License-Identifier: EUPL-1.2
-- From now on the city goes its own way, whatever the region's desk decides.
SELECT lock_for_desk(CASE :desk WHEN 'region' THEN '*' ELSE :desk END, :ctx_if_match);
SELECT set_desk(CASE :desk WHEN 'region' THEN '*' ELSE :desk END, :four_eyes, :languages);
-- answer: get_desk
