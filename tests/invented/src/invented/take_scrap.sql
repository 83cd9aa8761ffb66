-- Without a body the bytes are NULL.
SELECT coalesce(length(:bytes), -1) AS size;
