-- SPDX-License-Identifier: EUPL-1.2
-- Consents: to which text, in which version and language, from when and until when.

-- The text that readers of a city are shown: the city's or else the region's, in the best of their languages.
CREATE OR REPLACE FUNCTION legal_text_for(kind text, city text, languages text[]) RETURNS legal_text LANGUAGE sql STABLE AS $$
  SELECT t
    FROM legal_text t
   WHERE t.kind = $1 AND t.current AND t.city IN (coalesce($2, '*'), '*')
   ORDER BY t.city = '*', array_position($3, t.language) NULLS LAST, array_position(ARRAY['en', 'de'], t.language) NULLS LAST, t.language
   LIMIT 1
$$;

-- For the import. What has been shown keeps its text for ever; a draft has not been agreed to.
CREATE OR REPLACE FUNCTION import_legal_text(kind text, city text, language text, version text, title text, markdown text, html text, draft boolean,
                                             OUT written boolean, OUT faults jsonb)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  known legal_text;
BEGIN
  SELECT * INTO known FROM legal_text t
   WHERE (t.kind, t.city, t.language, t.version) = ($1, $2, $3, $4) FOR UPDATE;
  IF NOT EXISTS (SELECT FROM language l WHERE l.tag = $3) THEN
    faults := '[{"pointer":"","code":"unknown_language"}]';
  ELSIF $2 <> '*' AND NOT EXISTS (SELECT FROM city c WHERE c.slug = $2) THEN
    faults := '[{"pointer":"","code":"unknown_city"}]';
  ELSIF $4 !~ '^[0-9A-Za-z][0-9A-Za-z._-]{0,31}$' THEN
    faults := '[{"pointer":"/version","code":"pattern"}]';
  ELSIF known.kind IS NOT NULL AND NOT known.draft AND (known.title, known.body_markdown, known.draft) <> ($5, $6, $8) THEN
    faults := '[{"pointer":"/version","code":"version_shown"}]';
  ELSIF known.current AND (known.title, known.body_markdown, known.body_html, known.draft) = ($5, $6, $7, $8) THEN
    written := false;
  ELSE
    UPDATE legal_text t SET current = false WHERE (t.kind, t.city, t.language) = ($1, $2, $3) AND t.current;
    INSERT INTO legal_text (kind, city, language, version, title, body_markdown, body_html, draft) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT ON CONSTRAINT legal_text_pkey DO UPDATE
       SET title = excluded.title, body_markdown = excluded.body_markdown, body_html = excluded.body_html, draft = excluded.draft, current = true;
    PERFORM pg_notify('welcome', 'content');
    written := true;
  END IF;
END
$$;

-- What `consent` in a form means: true, the text shown now; else a version that was shown once, in the best language it had.
CREATE OR REPLACE FUNCTION consented(kind text, consent jsonb, city text, languages text[], OUT version text, OUT language text)
LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF jsonb_typeof(consent) = 'string' THEN
    SELECT t.version, t.language INTO consented.version, consented.language
      FROM legal_text t
     WHERE t.kind = consented.kind AND t.version = consent #>> '{}' AND t.city IN (coalesce(consented.city, '*'), '*')
     ORDER BY t.city = '*', array_position(languages, t.language) NULLS LAST, t.language
     LIMIT 1;
    IF NOT FOUND THEN
      PERFORM problem('validation_failed', '[{"pointer":"/consent","code":"unknown_version"}]');
    END IF;
  ELSE
    SELECT coalesce(t.version, ''), coalesce(t.language, languages[1]) INTO consented.version, consented.language
      FROM legal_text_for(kind, city, languages) t;
  END IF;
END
$$;

-- Everything somebody agreed to, by the thing it was for.
CREATE OR REPLACE FUNCTION my_consents()
RETURNS TABLE (id uuid, kind text, version text, language text, given_at timestamptz, withdrawn_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
  SELECT g.id, 'consent-guide', nullif(g.consent_version, ''), g.consent_language, g.consent_at, g.consent_withdrawn_at
    FROM guide g WHERE g.account = me()
  UNION ALL
  SELECT r.id, 'consent-guide-request', nullif(r.consent_version, ''), r.consent_language, r.consent_at, r.consent_withdrawn_at
    FROM guide_request r WHERE r.account = me()
  UNION ALL
  SELECT s.id, 'consent-service-request', nullif(s.consent_version, ''), s.consent_language, s.consent_at, s.consent_withdrawn_at
    FROM service_request s WHERE s.account = me()
$$;

-- First where a consent is taken back: the locks of what it was for, which must be one's own.
CREATE OR REPLACE FUNCTION lock_for_consent(consent uuid) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  kind text := (SELECT c.kind FROM my_consents() c WHERE c.id = lock_for_consent.consent);
BEGIN
  PERFORM require(kind IS NOT NULL, 'not_found');
  IF kind = 'consent-guide' THEN
    PERFORM lock_for_guide(consent);
  ELSIF kind = 'consent-guide-request' THEN
    PERFORM lock_for_request(consent);
  ELSE
    PERFORM lock_for_service_request(consent, 'requester');
  END IF;
END
$$;

-- When it was taken back, the first time. Nobody works on without it: what has ended stays ended.
CREATE OR REPLACE FUNCTION record_withdrawal(consent uuid) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  UPDATE guide g SET consent_withdrawn_at = clock(), listed = false
   WHERE g.id = consent AND g.account = me() AND g.consent_withdrawn_at IS NULL;
  UPDATE guide_request r SET consent_withdrawn_at = clock()
   WHERE r.id = consent AND r.account = me() AND r.consent_withdrawn_at IS NULL;
  UPDATE service_request s SET consent_withdrawn_at = clock()
   WHERE s.id = consent AND s.account = me() AND s.consent_withdrawn_at IS NULL;
END
$$;
