DO $$ BEGIN
  INSERT INTO service (code, clientele, category) VALUES ('recruiting-abroad', 'company', 'recruiting'), ('first-orientation', 'newcomer', 'arrival') ON CONFLICT DO NOTHING;
  INSERT INTO service_version (service, version, name, questions) VALUES ('recruiting-abroad', 1, '{"en": "Recruiting"}', '[{"code":"positions"},{"code":"occupation"}]'), ('first-orientation', 1, '{"en":"First"}', '[]') ON CONFLICT DO NOTHING;
END $$;
