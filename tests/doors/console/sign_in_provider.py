"""An OpenID Connect provider on loopback: it knows one client, checks PKCE, gives each code once, and signs for real."""

import base64
import hashlib
import http.server
import json
import secrets
import threading
import time
from urllib.parse import parse_qs, unquote_plus, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa

CLIENT, SECRET = "brightline-console", "a secret: with signs"
KINDS = {"rsa-1": (jwt.algorithms.RSAAlgorithm, "RS256"), "ec-1": (jwt.algorithms.ECAlgorithm, "ES256")}


class Provider:
    """Whoever asks is signed in as `who`; `claims` and `sign` change what the token says and how it is signed."""

    def __init__(self, host="127.0.0.1"):
        self.keys = {
            "rsa-1": rsa.generate_private_key(65537, 2048), "ec-1": ec.generate_private_key(ec.SECP256R1()),
        }  # fmt: skip
        self.reset()
        self.codes = {}
        provider = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                path, query = urlsplit(self.path).path, parse_qs(urlsplit(self.path).query)
                if path == "/authorize":
                    provider.asked = {name: values[0] for name, values in query.items()}
                    self.send_response(302)
                    self.send_header("location", provider.answer_to(provider.asked))
                    self.send_header("content-length", "0")
                    self.end_headers()
                else:
                    self.tell(200, provider.jwks() if path == "/jwks" else provider.told())

            def do_POST(self):
                form = parse_qs(self.rfile.read(int(self.headers["content-length"])).decode())
                self.tell(*provider.tokens(self.headers, {name: one[0] for name, one in form.items()}))

            def tell(self, status, said):
                data = json.dumps(said).encode()
                self.send_response(status)
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer((host, 0), Handler)
        self.url = f"http://{host}:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def reset(self):
        self.who = {
            "sub": "person-1",
            "preferred_username": "Ada",
            "name": "Ada L.",
            "groups": ["moderators"],
        }
        self.claims, self.key, self.algorithm, self.signer, self.answer = {}, "rsa-1", None, None, {}

    def told(self):
        return {
            "issuer": self.url, "jwks_uri": f"{self.url}/jwks", "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
        }  # fmt: skip

    def jwks(self):
        return {
            "keys": [
                {**kind.to_jwk(self.keys[name].public_key(), as_dict=True), "kid": name, "use": "sig"}
                for name, (kind, _) in KINDS.items()
            ]
        }

    def answer_to(self, asked):
        assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
        assert asked["client_id"] == CLIENT
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        back = {"code": code, "state": asked["state"], "iss": self.url} | self.answer
        return f"{asked['redirect_uri']}?{urlencode(back)}"

    def tokens(self, headers, form):
        named = base64.b64decode(headers.get("authorization", "Basic ").split()[1]).decode().split(":")
        asked = self.codes.pop(form.get("code"), None)
        if asked is None or [unquote_plus(one) for one in named] != [CLIENT, SECRET]:
            return 400, {"error": "invalid_grant"}
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if challenge != asked["code_challenge"] or form["redirect_uri"] != asked["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        return 200, {"access_token": "x", "token_type": "Bearer", "id_token": self.id_token(asked)}

    def id_token(self, asked):
        now = int(time.time())
        said = {
            "iss": self.url, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": asked["nonce"],
        } | self.who | self.claims  # fmt: skip
        said = {name: value for name, value in said.items() if value is not None}
        signer = self.signer if self.signer is not None else self.keys[self.key]
        return jwt.encode(said, signer, self.algorithm or KINDS[self.key][1], {"kid": self.key})
