-- SPDX-License-Identifier: EUPL-1.2
-- The same as list_revisions, for articles.
SELECT require(EXISTS (SELECT FROM content c WHERE c.id = :id AND c.kind = 'article'), 'not_found');
-- answer: list_revisions
