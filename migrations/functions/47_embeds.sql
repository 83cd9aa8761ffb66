-- SPDX-License-Identifier: EUPL-1.2
-- What texts show of others, put in when they are read: src/information/markdown.c leaves `<div data-embed="place:key"></div>` in the
-- HTML, U+FFFC place:key U+FFFC in the plain text, and `href="article:key"` in links. What is not there (any more) leaves nothing.

CREATE OR REPLACE FUNCTION html_escape(words text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT replace(replace(replace(replace(replace(words, '&', '&amp;'), '<', '&lt;'), '>', '&gt;'), '"', '&quot;'), '''', '&#39;')
$$;

-- A link where there is something to link; what is no https: address stays text.
CREATE OR REPLACE FUNCTION html_link(scheme text, address text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN scheme <> 'https:' OR starts_with(address, 'https://')
              THEN '<a href="' || html_escape(CASE scheme WHEN 'https:' THEN address
                                                          WHEN 'tel:' THEN scheme || regexp_replace(address, '[^0-9+]', '', 'g')
                                                          ELSE scheme || url_component(address) END)
                   || '">' || html_escape(address) || '</a>'
              ELSE html_escape(address) END
$$;

-- What a card says of a place or a contact, line by line: plain and with links.
CREATE OR REPLACE FUNCTION card_of(name text, languages text[]) RETURNS TABLE (place uuid, language text, title text, html text, words text)
LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN QUERY
  SELECT c.id, t.language, coalesce(title_in(k.role, card_of.languages), t.title),
         concat_ws('<br />', html_escape(CASE WHEN k.key IS NOT NULL THEN t.title END), html_escape(a.address), html_link('tel:', a.phone),
                   html_link('mailto:', a.email), html_link('https:', a.website)),
         concat_ws(E'\n', CASE WHEN k.key IS NOT NULL THEN t.title END, a.address, a.phone, a.email, a.website)
    FROM (SELECT split_part(card_of.name, ':', 1) AS kind, split_part(card_of.name, ':', 2) AS key) e
    LEFT JOIN contact k ON e.kind = 'contact' AND k.key = e.key
    JOIN content c ON c.kind = 'place' AND c.shown AND CASE e.kind WHEN 'contact' THEN c.id = k.place ELSE c.key = e.key END
    JOIN place p ON p.content = c.id
   CROSS JOIN LATERAL (
           SELECT x.title, x.language FROM translation x WHERE x.content = c.id
            ORDER BY array_position(card_of.languages, x.language) NULLS LAST, x.language LIMIT 1) t
   CROSS JOIN LATERAL (
           SELECT nullif(concat_ws(', ', p.street, nullif(concat_ws(' ', p.postcode, p.town), '')), '') AS address,
                  CASE e.kind WHEN 'contact' THEN k.phone ELSE p.phone END AS phone,
                  CASE e.kind WHEN 'contact' THEN k.email ELSE p.email END AS email,
                  CASE e.kind WHEN 'contact' THEN k.website ELSE p.website END AS website) a
   WHERE e.kind IN ('place', 'contact');
END
$$;

CREATE OR REPLACE FUNCTION with_embeds(html text, embeds text[], languages text[], city text DEFAULT NULL) RETURNS text
LANGUAGE plpgsql STABLE AS $$
DECLARE
  name text;
  link jsonb;
BEGIN
  FOREACH name IN ARRAY embeds LOOP
    IF starts_with(name, 'article:') THEN
      link := article_link(split_part(name, ':', 2), city, languages);
      html := replace(html, ' href="' || name || '"', coalesce(
                ' href="/articles/' || url_component(link ->> 'slug') || '" data-article="' || (link ->> 'id') || '"', ''));
    ELSIF name ~ '^(place|contact):' THEN
      html := replace(html, '<div data-embed="' || name || '"></div>', coalesce(
                (SELECT '<div data-embed="' || name || '" data-place="' || c.place || '"><p><strong lang="' || c.language || '">'
                        || html_escape(c.title) || '</strong>' || coalesce('<br />' || nullif(c.html, ''), '') || '</p></div>'
                   FROM card_of(name, languages) c), ''));
    END IF;
  END LOOP;
  RETURN html;
END
$$;

CREATE OR REPLACE FUNCTION text_with_embeds(words text, embeds text[], languages text[]) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY embeds LOOP
    words := replace(words, U&'\FFFC' || name || U&'\FFFC' || E'\n', coalesce(
               (SELECT concat_ws(E'\n', c.title, nullif(c.words, '')) || E'\n' FROM card_of(name, languages) c), ''));
  END LOOP;
  RETURN words;
END
$$;

-- A text is not saved with what is not there: somebody has mistyped it.
CREATE OR REPLACE FUNCTION refuse_unknown_embeds(embeds text[]) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  faults jsonb;
BEGIN
  SELECT jsonb_agg(jsonb_build_object('pointer', '/body_markdown', 'code', 'unknown_embed', 'limit', e.name) ORDER BY e.n) INTO faults
    FROM (SELECT x.name, split_part(x.name, ':', 1) AS kind, split_part(x.name, ':', 2) AS key, x.n
            FROM unnest(embeds) WITH ORDINALITY AS x(name, n)) e
   WHERE NOT CASE e.kind WHEN 'contact' THEN EXISTS (SELECT FROM contact k WHERE k.key = e.key)
                         WHEN 'media' THEN EXISTS (SELECT FROM media m WHERE m.hash = e.key)
                         ELSE EXISTS (SELECT FROM content c WHERE c.kind = e.kind AND c.key = e.key) END;
  IF faults IS NOT NULL THEN
    PERFORM problem('validation_failed', faults);
  END IF;
END
$$;
