# SPDX-License-Identifier: EUPL-1.2
# OpenID Connect providers for tests: a real one (Glewlwyd, as the distribution has it), and one that says whatever a test wants.
import base64
import collections
import hashlib
import hmac
import http.server
import json
import os
import secrets
import sqlite3
import subprocess
import threading
import time
import urllib.parse

import httpx
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from support import PATIENCE, ROOT, eventually, free_port

CLIENT, SECRET, REDIRECT = "welcome", "a secret: of 100%", "http://localhost:3000/oidc"
UNPACKED = ROOT / "build" / "glewlwyd"  # by src/operation/packages.sh


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number(value, length=None):
    return encode(value.to_bytes(length or (value.bit_length() + 7) // 8, "big"))


class Key:
    """A key pair, as a JWK and as what signs."""

    def __init__(self, kid, kind="RSA", bits=2048):
        self.kid, self.kind = kid, kind
        self.private = rsa.generate_private_key(65537, bits) if kind == "RSA" else ec.generate_private_key(ec.SECP256R1())

    def public(self, **changes):
        numbers = self.private.public_key().public_numbers()
        jwk = ({"kty": "RSA", "alg": "RS256", "n": number(numbers.n), "e": number(numbers.e)} if self.kind == "RSA" else
               {"kty": "EC", "alg": "ES256", "crv": "P-256", "x": number(numbers.x, 32), "y": number(numbers.y, 32)})
        return {"kid": self.kid, "use": "sig"} | jwk | changes

    def whole(self):
        n = self.private.private_numbers()
        return self.public() | {name: number(getattr(n, of)) for name, of in
                                {"d": "d", "p": "p", "q": "q", "dp": "dmp1", "dq": "dmq1", "qi": "iqmp"}.items()}

    def sign(self, data):
        if self.kind == "RSA":
            return self.private.sign(data, padding.PKCS1v15(), hashes.SHA256())
        r, s = decode_dss_signature(self.private.sign(data, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def token(claims, header, sign):
    """A JWS in its compact form."""
    data = ".".join(encode(json.dumps(part).encode()) for part in (header, claims))
    return f"{data}.{encode(sign(data.encode()))}"


class Invented:
    """A provider whose every word can be bent: `claims` and `header` change what is said, `sign` who signs, the rest what is published."""

    secret = SECRET

    def __init__(self):
        self.keys = [Key("one")]
        self.calls, self.codes = collections.Counter(), {}
        self.port = free_port()
        self.issuer = f"http://127.0.0.1:{self.port}"
        self.straighten()
        provider = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def answer(self, status, body):
                data = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                for name, value in provider.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)

            def do_GET(self):
                provider.calls[self.path] += 1
                self.answer(*provider.get(self.path, self.headers.get("Authorization")))

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                provider.calls[self.path] += 1
                self.answer(*provider.tokens(dict(urllib.parse.parse_qsl(body)), self.headers.get("Authorization")))
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def straighten(self):
        """Says the truth again."""
        self.claims, self.header, self.metadata, self.headers, self.userinfo, self.signer, self.published, self.status, self.raw = (
            {}, {}, {}, {}, None, None, None, 200, None)

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def get(self, path, authorization):
        if path == "/.well-known/openid-configuration":
            return 200, {"issuer": self.issuer, "authorization_endpoint": f"{self.issuer}/authorize", "token_endpoint": f"{self.issuer}/token",
                         "jwks_uri": f"{self.issuer}/keys", "userinfo_endpoint": f"{self.issuer}/userinfo"} | self.metadata
        if path == "/keys":
            return 200, {"keys": self.published if self.published is not None else [key.public() for key in self.keys]}
        if path == "/userinfo" and authorization == "Bearer access":
            return 200, self.userinfo or {}
        return 404, {}

    def consent(self, url, email):
        """What the browser brings back when the person has signed in there: (code, state)."""
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query))
        assert (query["client_id"], query["redirect_uri"], query["response_type"]) == (CLIENT, REDIRECT, "code")
        assert (query["scope"], query["code_challenge_method"]) == ("openid email", "S256")
        code = secrets.token_urlsafe()
        self.codes[code] = query | {"email": email}
        return code, query["state"]

    def tokens(self, form, authorization):
        basic = base64.b64encode(f"{CLIENT}:{urllib.parse.quote(SECRET, safe='')}".encode()).decode()
        if authorization != f"Basic {basic}":
            return 401, {"error": "invalid_client"}
        begun = self.codes.pop(form["code"], None)
        challenge = encode(hashlib.sha256(form["code_verifier"].encode()).digest())
        if not begun or begun["code_challenge"] != challenge or form["redirect_uri"] != REDIRECT:
            return 400, {"error": "invalid_grant"}
        if self.raw is not None:
            return self.status, self.raw
        now = int(time.time())
        claims = {"iss": self.issuer, "sub": "somebody", "aud": CLIENT, "exp": now + 300, "iat": now, "nonce": begun["nonce"],
                  "email": begun["email"], "email_verified": True} | self.claims
        key = self.keys[-1]
        header = {"typ": "JWT", "alg": "RS256" if key.kind == "RSA" else "ES256", "kid": key.kid} | self.header
        cleaned = [{name: value for name, value in part.items() if value is not None} for part in (claims, header)]
        return self.status, {"access_token": "access", "token_type": "Bearer", "id_token": token(*cleaned, self.signer or key.sign)}


def shared_secret(key):
    """Signs with HMAC and a key that everybody knows."""
    return lambda data: hmac.new(key, data, hashlib.sha256).digest()


class Glewlwyd:
    """The real one, on a port and with a database of its own. Of the client's secret it does not undo the encoding of RFC 6749 §2.3.1."""
    secret = "plain-secret"

    def __init__(self, folder):
        self.folder, self.port = folder, free_port()
        self.base = f"http://localhost:{self.port}/api/"
        self.issuer = self.base + "oidc"
        with sqlite3.connect(folder / "db") as db:
            db.executescript((UNPACKED / "usr/share/dbconfig-common/data/glewlwyd/install/sqlite3").read_text())
        (folder / "none").mkdir()
        modules = UNPACKED / "usr/lib/glewlwyd"
        (folder / "conf").write_text("\n".join(f"{name}={value}" for name, value in {
            "port": self.port, "bind_address": '"127.0.0.1"', "external_url": f'"http://localhost:{self.port}"', "login_url": '"login.html"',
            "api_prefix": '"api"', "static_files_path": f'"{UNPACKED}/usr/share/glewlwyd/webapp/"', "log_mode": '"console"', "log_level": '"INFO"',
            "cookie_domain": '"localhost"', "cookie_secure": 0, "session_expiration": 3600, "session_key": '"session"', "admin_scope": '"g_admin"',
            "profile_scope": '"g_profile"', "user_module_path": f'"{modules}/user"', "user_middleware_module_path": f'"{folder}/none"',
            "client_module_path": f'"{modules}/client"', "user_auth_scheme_module_path": f'"{modules}/scheme"',
            "plugin_module_path": f'"{modules}/plugin"', "hash_algorithm": '"SHA512"',
            "database": f'{{ type="sqlite3" path="{folder}/db" }};\n'}.items()))
        libraries = ":".join(str(path) for path in (UNPACKED / "usr/lib").iterdir() if path.is_dir())
        with open(folder / "log", "w") as log:
            self.process = subprocess.Popen([UNPACKED / "usr/bin/glewlwyd", "--config-file", folder / "conf"], stdout=log, stderr=log,
                                            env=os.environ | {"LD_LIBRARY_PATH": libraries})
        self.key = Key("one")
        eventually(self.answers)
        self.set_up()

    def answers(self):
        """the provider answers"""
        assert self.process.poll() is None, (self.folder / "log").read_text()
        try:
            return httpx.get(f"http://localhost:{self.port}/config").status_code
        except httpx.TransportError:
            return None

    def stop(self):
        self.process.terminate()
        self.process.wait(30)

    def signed_in(self, name, password):
        """A browser in which that user has signed in."""
        browser = httpx.Client(base_url=self.base, timeout=PATIENCE)
        answer = browser.post("auth", json={"username": name, "password": password})
        assert answer.status_code == 200
        browser.cookies.clear()
        browser.headers["Cookie"] = answer.headers["Set-Cookie"].split(";")[0]  # a cookie of "localhost" is kept by no jar
        return browser

    def set_up(self):
        admin = self.signed_in("admin", "password")

        def told(method, path, body):
            answer = admin.request(method, path, json=body)
            assert answer.status_code == 200, f"{path}: {answer.text}"
        told("POST", "mod/plugin", {"module": "oidc", "name": "oidc", "display_name": "OIDC", "parameters": {
            "iss": self.issuer, "jwt-type": "rsa", "jwt-key-size": "256", "jwks-private": json.dumps({"keys": [self.key.whole()]}),
            "default-kid": "one", "jwks-show": True, "access-token-duration": 3600, "refresh-token-duration": 3600, "code-duration": 600,
            "refresh-token-rolling": True, "allow-non-oidc": False, "auth-type-code-enabled": True, "auth-type-token-enabled": False,
            "auth-type-id-token-enabled": False, "auth-type-client-enabled": False, "auth-type-refresh-enabled": False, "auth-type-none-enabled": False,
            "auth-type-password-enabled": False, "auth-type-device-enabled": False, "pkce-allowed": True, "pkce-required": True,
            "pkce-method-plain-allowed": False, "request-parameter-allow": False, "scope": [], "additional-parameters": [], "subject-type": "public",
            "name-claim": "no", "email-claim": "mandatory", "email-claim-scope": [], "scope-claim": "no", "encrypt-out-token-allow": False,
            "introspection-revocation-allowed": False, "allowed-scope": ["openid"],
            "claims": [{"name": "email_verified", "user-property": "email_verified", "type": "boolean", "boolean-value-true": "yes",
                        "boolean-value-false": "no", "mandatory": True, "on-demand": False, "scope": []}]}})
        users = admin.get("mod/user/database").json()
        users["parameters"]["data-format"]["email_verified"] = {"multiple": False, "read": True, "write": True, "profile-read": True,
                                                                "profile-write": False}
        told("PUT", "mod/user/database", users)
        told("PUT", "mod/user/database/reset", {})
        told("POST", "client", {"client_id": CLIENT, "name": "Welcome", "confidential": True, "client_secret": self.secret, "enabled": True,
                                "redirect_uri": [REDIRECT], "authorization_type": ["code"], "token_endpoint_auth_method": ["client_secret_basic"],
                                "scope": []})
        self.admin = admin

    def user(self, name, email, verified="yes"):
        """A browser in which a new user with that address has signed in."""
        answer = self.admin.post("user", json={"username": name, "password": "correct horse", "name": name, "email": email,
                                               "email_verified": verified, "enabled": True, "scope": ["openid"]})
        assert answer.status_code == 200, answer.text
        return self.signed_in(name, "correct horse")

    def consent(self, url, browser):
        """(code, state) that the provider leads the browser back with."""
        answer = browser.get(url + "&g_continue")
        assert answer.status_code == 302, answer.text
        back = urllib.parse.urlsplit(answer.headers["Location"])
        assert f"{back.scheme}://{back.netloc}{back.path}" == REDIRECT, answer.headers["Location"]
        query = dict(urllib.parse.parse_qsl(back.query))
        return query["code"], query["state"]
