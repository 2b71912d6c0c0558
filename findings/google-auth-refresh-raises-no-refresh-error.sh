#!/usr/bin/env bash
# A refused workload identity raises OAuthError, which is no RefreshError, out of Credentials.refresh().
#
# Versions:  google-auth 2.62.2 with requests 2.34.2.
# Guessed:   `except RefreshError` around refresh() catches every sign-in that Google refuses: the method's own documentation
#            says "Raises: google.auth.exceptions.RefreshError: If the credentials could not be refreshed", and a key or a
#            person's refresh token that is refused does raise it.
# Behaviour: what the Security Token Service refuses (pool deleted, subject token stale, attribute condition) is
#            google.auth.exceptions.OAuthError, whose only base is GoogleAuthError, so that a program which handles
#            RefreshError ends with a traceback the first time that an identity pool is deleted.
# Source:    google/oauth2/utils.py, handle_error_response; google/auth/credentials.py, Credentials.refresh.
# Seen:      OAuthError: ('Error code invalid_target: the pool is gone', ...), isinstance(error, RefreshError) is False
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check google-auth==2.62.2 requests==2.34.2
env -u HTTP_PROXY -u http_proxy "$folder/venv/bin/python" - "$folder/token" <<'PYTHON'
import json
import pathlib
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

from google.auth import identity_pool
from google.auth.exceptions import GoogleAuthError, RefreshError
from google.auth.transport.requests import Request


class Sts(BaseHTTPRequestHandler):
    """Refuses as sts.googleapis.com does for a pool that was deleted."""

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        body = json.dumps({"error": "invalid_target", "error_description": "the pool is gone"}).encode()
        self.send_response(400)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Sts)
threading.Thread(target=server.serve_forever, daemon=True).start()
token = pathlib.Path(sys.argv[1])
token.write_text("the token of another identity provider")
credentials = identity_pool.Credentials.from_info(
    {
        "type": "external_account",
        "audience": "//iam.googleapis.com/projects/5/locations/global/workloadIdentityPools/p/providers/o",
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": f"http://127.0.0.1:{server.server_port}/v1/token",
        "credential_source": {"file": str(token)},
    },
    scopes=["https://www.googleapis.com/auth/spreadsheets.readonly"],
)
try:
    credentials.refresh(Request())
except GoogleAuthError as error:
    print(f"{type(error).__name__}: {error}")
    print("is a RefreshError:", isinstance(error, RefreshError))
    assert not isinstance(error, RefreshError), "google-auth now raises what its documentation says"
else:
    raise SystemExit("the refusal was not raised")
PYTHON
