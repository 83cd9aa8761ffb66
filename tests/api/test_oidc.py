# SPDX-License-Identifier: EUPL-1.2
# Signing in through the organisation's provider: with a real one, and with one that errs or lies.
import time
import urllib.parse

import pytest

from providers import CLIENT, REDIRECT, SECRET, UNPACKED, Glewlwyd, Invented, Key, encode, shared_secret
from support import People, Person, answer, faults, problem
from test_second_factor import totp

SIGN_IN, SESSIONS = "/v1/oidc/sign-in", "/v1/oidc/sessions"


def settings(provider, **more):
    return {"WELCOME_OIDC_ISSUER": provider.issuer, "WELCOME_OIDC_CLIENT_ID": CLIENT, "WELCOME_OIDC_CLIENT_SECRET": provider.secret,
            "WELCOME_OIDC_REDIRECT": REDIRECT} | more


class Staff:
    """A daemon behind a provider, and how one signs in there."""

    def __init__(self, daemon, provider):
        self.daemon, self.provider, self.http, self.people = daemon, provider, daemon.http, People(daemon)
        daemon.tolerated |= {"oidc_refused", "oidc_no_tokens", "oidc_unreachable", "oidc_document_missing", "oidc_metadata_unfit"}

    def member(self, role="coordinator"):
        address = self.people.address(role)
        assert self.daemon.command("account", "create", "--role", role, "--email", address)[0] == 0
        return address

    def begin(self):
        return answer(self.http.post(SIGN_IN), 201)

    def finish(self, whom, begun=None):
        begun = begun or self.begin()
        code, state = self.provider.consent(begun["authorization_url"], whom)
        assert state == begun["state"]
        return self.http.post(SESSIONS, json={"code": code, "state": state})

    def signed_in(self, whom):
        return Person(self.daemon, answer(self.finish(whom), 201))


@pytest.fixture(scope="module")
def invented():
    provider = Invented()
    yield provider
    provider.stop()


@pytest.fixture(scope="module")
def shared(daemons, invented):
    with daemons.running(**settings(invented, WELCOME_OIDC_SECOND_FACTOR="mfa,otp,urn:gold")) as daemon:
        yield Staff(daemon, invented)


@pytest.fixture
def staff(shared):
    shared.provider.straighten()
    yield shared
    shared.provider.straighten()


@pytest.fixture(scope="module")
def glewlwyd(tmp_path_factory):
    if not UNPACKED.exists():
        pytest.skip("this distribution has no package glewlwyd")
    provider = Glewlwyd(tmp_path_factory.mktemp("glewlwyd"))
    yield provider
    provider.stop()


def test_staff_sign_in_with_a_real_provider(daemons, glewlwyd):
    with daemons.running(**settings(glewlwyd)) as daemon:
        staff = Staff(daemon, glewlwyd)
        address = staff.member()
        browser = glewlwyd.user("ines", address)
        ines = staff.signed_in(browser)
        assert ines.email == address and ines.session["account"]["roles"] == ["coordinator"] and ines.subject is None
        answer(ines.get("/v1/staff/guides"))
        begun = staff.begin()
        code, state = glewlwyd.consent(begun["authorization_url"], browser)
        answer(staff.http.post(SESSIONS, json={"code": code, "state": state}), 201)
        other = staff.begin()["state"]
        problem(staff.http.post(SESSIONS, json={"code": code, "state": other}), 404, "token_unknown")  # neither the code nor its verifier
        problem(staff.finish(glewlwyd.user("stranger", "stranger@example.org")), 403, "forbidden")
        problem(staff.finish(glewlwyd.user("claimant", staff.member(), verified="no")), 403, "forbidden")


def test_the_address_says_all_that_the_flow_needs(staff):
    first, second = staff.begin(), staff.begin()
    url = urllib.parse.urlsplit(first["authorization_url"])
    query = dict(urllib.parse.parse_qsl(url.query))
    assert first["authorization_url"].startswith(f"{staff.provider.issuer}/authorize?")
    assert query == {"response_type": "code", "client_id": CLIENT, "redirect_uri": REDIRECT, "scope": "openid email", "state": first["state"],
                     "nonce": query["nonce"], "code_challenge": query["code_challenge"], "code_challenge_method": "S256"}
    again = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(second["authorization_url"]).query))
    secrets = [part[name] for part in (query, again) for name in ("state", "nonce", "code_challenge")]
    assert len(set(secrets)) == 6 and all(len(secret) == 43 for secret in secrets)


def test_a_state_works_once_and_is_nobody_elses(staff):
    address = staff.member()
    begun = staff.begin()
    code, state = staff.provider.consent(begun["authorization_url"], address)
    problem(staff.http.post(SESSIONS, json={"code": code, "state": "A" * 43}), 404, "token_unknown")
    answer(staff.http.post(SESSIONS, json={"code": code, "state": state}), 201)
    problem(staff.http.post(SESSIONS, json={"code": code, "state": state}), 404, "token_unknown")
    problem(staff.http.post(SESSIONS, json={"code": "no code", "state": staff.begin()["state"]}), 404, "token_unknown")
    assert faults(staff.http.post(SESSIONS, json={"code": ""})) == {("/code", "too_short"), ("/state", "required")}


def test_a_code_of_another_sign_in_is_refused(staff):
    """Somebody slips the victim a code of their own: its verifier is another one."""
    begun, victim = staff.begin(), staff.begin()
    code, _ = staff.provider.consent(begun["authorization_url"], staff.member())
    problem(staff.http.post(SESSIONS, json={"code": code, "state": victim["state"]}), 404, "token_unknown")


def test_a_state_is_good_for_ten_minutes(staff):
    begun = staff.begin()
    staff.daemon.shift_clock(minutes=11)
    problem(staff.finish(staff.member(), begun), 410, "token_expired")
    staff.daemon.shift_clock()


def test_only_who_is_of_staff_gets_in_and_nothing_is_made(staff):
    newcomer = staff.people.newcomer("test-0")
    for address in (newcomer.email, "nobody@example.org"):
        problem(staff.finish(address), 403, "forbidden")
    with staff.daemon.connect() as db:
        assert db.execute("SELECT count(*) FROM account WHERE email = 'nobody@example.org'").fetchone() == (0,)
    member = staff.member()
    assert staff.signed_in(member.upper()).email == member


LIES = {
    "another issuer": {"iss": "https://evil.example.org"}, "no issuer": {"iss": None}, "the issuer with a slash": {"iss": "SLASH"},
    "another audience": {"aud": "another"}, "no audience": {"aud": None}, "one more audience": {"aud": [CLIENT, "another"]},
    "an empty audience": {"aud": []}, "another authorized party": {"azp": "another"}, "an authorized party that is no text": {"azp": 7},
    "expired": {"exp": -120}, "no expiry": {"exp": None}, "an expiry that is no number": {"exp": "tomorrow"},
    "issued long ago": {"iat": -3600}, "issued in the future": {"iat": 3600}, "not issued": {"iat": None},
    "not yet valid": {"nbf": 3600}, "another nonce": {"nonce": "another"}, "no nonce": {"nonce": None},
    "no subject": {"sub": None}, "an empty subject": {"sub": ""}, "a long subject": {"sub": "s" * 256},
    "an address not verified": {"email_verified": False}, "an address said to be verified": {"email_verified": "true"},
    "an address of which nothing is said": {"email_verified": None}}


@pytest.mark.parametrize("lie", LIES)
def test_an_id_token_that_breaks_a_rule_is_not_believed(staff, lie):
    now = int(time.time())
    staff.provider.claims = {name: now + value if name in ("exp", "iat", "nbf") and isinstance(value, int)
                             else staff.provider.issuer + "/" if value == "SLASH" else value for name, value in LIES[lie].items()}
    problem(staff.finish(staff.member()), 403, "forbidden")


def test_what_the_rules_allow_is_believed(staff):
    address = staff.member()
    for claims in ({"aud": [CLIENT]}, {"azp": CLIENT}, {"nbf": int(time.time())}, {"exp": int(time.time()) - 30}, {"acr": "anything"}):
        staff.provider.claims = claims
        assert staff.signed_in(address).email == address


FORGERIES = {
    "unsigned": ({"alg": "none", "kid": None}, lambda _: b""), "unsigned, with a key's name": ({"alg": "none"}, lambda _: b""),
    "signed by the client's secret": ({"alg": "HS256"}, shared_secret(SECRET.encode())),
    "signed by the public key as a secret": ({"alg": "HS256"}, "public"), "signed by somebody else": ({}, Key("one").sign),
    "signed by a key it brings along": ({"jwk": "own", "kid": "own"}, "own"), "a key address it brings along": ({"jku": "http://127.0.0.1:1/keys", "kid": "own"}, "own"),
    "an unknown key": ({"kid": "unknown"}, None), "a key of another kind": ({"alg": "ES256"}, None), "another hash": ({"alg": "RS512"}, None),
    "a critical header": ({"crit": ["b64"], "b64": False}, None), "no algorithm": ({"alg": None}, None), "no signature": ({}, lambda _: b"")}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_signature_that_is_not_the_providers_is_refused(staff, forgery):
    header, signer = FORGERIES[forgery]
    own = Key("own")
    staff.provider.header = {name: own.public() if name == "jwk" else value for name, value in header.items()}
    staff.provider.signer = own.sign if signer == "own" else shared_secret(staff.provider.keys[-1].public()["n"].encode()) if signer == "public" else signer
    problem(staff.finish(staff.member()), 403, "forbidden")


@pytest.mark.parametrize("raw", [b"", b"[]", b"{}", b'{"id_token": 7}', b'{"id_token": "a.b"}', b'{"id_token": "a.b.c.d.e"}',
                                 b'{"id_token": "..."}', b'{"id_token": "e30.e30.e30"}', b'{"id_token": "%s"}' % (b"a." * 9000), b"x" * 300000])
def test_an_answer_that_is_none_lets_nobody_in(staff, raw):
    staff.provider.raw = raw
    refused = staff.finish(staff.member())
    assert refused.json()["code"] in ("forbidden", "unavailable")


@pytest.mark.parametrize("status", [301, 400, 401, 500])
def test_a_provider_that_fails_is_unavailable(staff, status):
    staff.provider.status, staff.provider.raw = status, {"error": "server_error"}
    staff.provider.headers = {"Location": f"{staff.provider.issuer}/elsewhere"}
    problem(staff.finish(staff.member()), 503, "unavailable")
    assert staff.provider.calls["/elsewhere"] == 0


def test_the_address_may_stand_beside_the_token(staff):
    address = staff.member()
    staff.provider.claims = {"email": None, "email_verified": None}
    staff.provider.userinfo = {"sub": "somebody", "email": address, "email_verified": True}
    assert staff.signed_in(address).email == address
    staff.provider.userinfo["sub"] = "somebody else"
    problem(staff.finish(address), 403, "forbidden")


def test_new_keys_are_found_and_unknown_ones_ask_once_a_minute(daemons):
    provider = Invented()
    try:
        with daemons.running(**settings(provider)) as daemon:
            staff = Staff(daemon, provider)
            address = staff.member()
            staff.signed_in(address)
            assert provider.calls["/keys"] == 1
            for _ in range(3):
                staff.signed_in(address)
            assert (provider.calls["/keys"], provider.calls["/.well-known/openid-configuration"]) == (1, 1)
            provider.keys.append(Key("two", "EC"))
            for _ in range(3):
                problem(staff.finish(address), 403, "forbidden")
            assert provider.calls["/keys"] == 1, "not within a minute"
            time.sleep(61)
            assert staff.signed_in(address).email == address
            assert provider.calls["/keys"] == 2
            provider.keys.append(Key("three"))
            for _ in range(3):
                problem(staff.finish(address), 403, "forbidden")
            assert provider.calls["/keys"] == 2
    finally:
        provider.stop()


@pytest.mark.parametrize("published", [
    lambda key: [key.public(use="enc")], lambda key: [{"kty": "oct", "kid": "one", "k": encode(b"k" * 32)}], lambda key: [], lambda key: [key.public(kid="two")],
    lambda key: [key.public(), Key("one").public()], lambda key: [Key("one", bits=1024).public()], lambda key: [key.public(alg="RS512")]],
    ids=["for encryption", "a secret", "none", "another name", "two of one name", "a short one", "for another hash"])
def test_keys_that_are_not_for_this_are_not_used(daemons, published):
    provider = Invented()
    try:
        provider.published = published(provider.keys[0])
        with daemons.running(**settings(provider)) as daemon:
            staff = Staff(daemon, provider)
            problem(staff.finish(staff.member()), 403, "forbidden")
    finally:
        provider.stop()


@pytest.mark.parametrize("metadata", [{"issuer": "https://evil.example.org"}, {"token_endpoint": "http://evil.example.org/token"}, {"jwks_uri": None},
                                      {"authorization_endpoint": "ftp://127.0.0.1/"}, {"token_endpoint": "http://localhost@evil.example.org/"}, {"token_endpoint": "http://localhost:80@evil.example.org/"}])
def test_metadata_that_do_not_fit_are_not_used(daemons, metadata):
    provider = Invented()
    try:
        provider.metadata = metadata
        with daemons.running(**settings(provider)) as daemon:
            problem(Staff(daemon, provider).http.post(SIGN_IN), 503, "unavailable")
    finally:
        provider.stop()


def test_a_provider_that_is_away_is_unavailable(daemons, invented):
    with daemons.running(**settings(invented, WELCOME_OIDC_ISSUER="http://127.0.0.1:1")) as daemon:
        problem(Staff(daemon, invented).http.post(SIGN_IN), 503, "unavailable")


def test_without_a_provider_there_is_no_such_way(http):
    problem(http.post(SIGN_IN), 404, "not_found")
    problem(http.post(SESSIONS, json={"code": "code", "state": "A" * 43}), 404, "not_found")


def test_the_providers_second_factor_counts_where_it_is_configured(staff, daemons, invented):
    address = staff.member()
    person = staff.signed_in(address)
    secret = answer(person.post("/v1/me/second-factor"), 201)["secret"]
    answer(person.post("/v1/me/second-factor/confirm", {"code": totp(secret)}))
    assert staff.signed_in(address).session["second_factor"] == "code"
    for claims in ({"amr": ["pwd"]}, {"amr": "mfa"}, {"acr": "mfa,otp"}, {"amr": ["mf"]}, {"acr": ""}):
        staff.provider.claims = claims
        assert staff.signed_in(address).session["second_factor"] == "code", claims
    for claims in ({"amr": ["pwd", "otp"]}, {"acr": "urn:gold"}):
        staff.provider.claims = claims
        verified = staff.signed_in(address)
        assert verified.session["second_factor"] is None
        answer(verified.get("/v1/staff/guides"))
    with daemons.running(**settings(invented, WELCOME_STAFF_SECOND_FACTOR="required")) as daemon:
        other = Staff(daemon, invented)
        assert other.signed_in(other.member()).session["second_factor"] == "enrolment"


@pytest.mark.parametrize("missing, words", [
    ({"WELCOME_OIDC_CLIENT_SECRET": ""}, "needs WELCOME_OIDC_CLIENT_ID, WELCOME_OIDC_CLIENT_SECRET and WELCOME_OIDC_REDIRECT"),
    ({"WELCOME_SECRET_KEY": ""}, "needs WELCOME_SECRET_KEY"), ({"WELCOME_OIDC_ISSUER": "http://sso.example.org"}, "must begin with https://")])
def test_half_a_configuration_does_not_start(daemons, invented, missing, words):
    with daemons.running(start=False, **settings(invented, **missing)) as daemon:
        daemon.log.touch()
        status, _, errors = daemon.command("serve")
        assert status == 1 and words in errors


def test_nothing_of_a_sign_in_is_stored_but_the_hash_of_its_state(staff):
    begun = staff.begin()
    query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(begun["authorization_url"]).query))
    with staff.daemon.connect() as db:
        rows = str(db.execute("SELECT t::text FROM oidc_sign_in t").fetchall())
    assert rows.count("\\\\x") >= 1 and not any(query[name] in rows for name in ("state", "nonce", "code_challenge"))
