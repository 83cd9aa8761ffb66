-- SPDX-License-Identifier: EUPL-1.2
-- propose() locks, checks the hard rules again under the locks and writes the terms.
SELECT propose(:ctx_id, :id, :guide);
SELECT p.id,
       p.state,
       p.expires_at,
       score_of(p) AS score,
       p.request AS "guide_request.id",
       p.guide AS "guide.id",
       '/v1/proposals/' || p.id AS _location
  FROM proposal p
 WHERE p.id = :ctx_id;
