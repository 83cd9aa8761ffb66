-- All pages together.
SELECT count(*) FROM generate_series(1, 3) WHERE coalesce(:kind, 'any') = 'any';
