-- SPDX-License-Identifier: EUPL-1.2
-- Nothing here tells whether the address is known: that is settled when its owner confirms. A trigger holds the answers against the
-- questions of today, and gives the reference.
INSERT INTO service_request (id, service, city, company_name, company_legal_status, company_size, company_industry, company_register,
                             contact_name, contact_phone, language, answers, message, consent_version, consent_language)
SELECT :ctx_id, :service, :city, :company->>'name', :company->>'legal_status', :company->>'size', :company->>'industry',
       :company->>'register_number', :contact->>'name', :contact->>'phone', :contact->>'language', :answers, :message,
       c.version, c.language
  FROM consented('consent-service-request', :consent, :city, :ctx_languages) c;
SELECT await_confirmation('service_request', :ctx_id, :contact->>'email', :contact->>'language');
SELECT r.id,
       r.reference,
       r.state
  FROM service_request r
 WHERE r.id = :ctx_id;
