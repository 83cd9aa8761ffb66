-- SPDX-License-Identifier: EUPL-1.2
-- State and address are made in C (state, state_hash, authorization_url), which asks the provider where it is.
SELECT begin_oidc_sign_in(:state_hash);
SELECT 201 AS _status,
       :authorization_url AS authorization_url,
       :state AS state;
