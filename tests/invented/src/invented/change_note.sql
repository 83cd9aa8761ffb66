-- SPDX-License-Identifier: EUPL-1.2
-- Passes for who starts from version "v1"; nothing is kept.
SELECT require(:id = 7, 'not_found');

SELECT precondition(:ctx_if_match, 'v1');

SELECT :id::integer AS id, :text::text AS text, 'v2' AS _revision;
