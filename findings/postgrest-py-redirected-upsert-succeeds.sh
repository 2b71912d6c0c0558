#!/usr/bin/env bash
# An upsert that a gateway redirects (http to https, an old host name) raises nothing, returns data, and has written nothing.
#
# Versions:  supabase 2.34.1 (postgrest 2.34.1, httpx 0.28.1), its default client.
# Guessed:   a redirected POST fails, or is repeated as a POST.
# Behaviour: the default client of supabase-py follows redirects, and httpx turns POST into GET after 301, 302 and 303 as
#            browsers do. The body is gone, the GET selects the rows that are there, execute() returns them with the look of
#            return=representation. Only an own httpx client without follow_redirects gets an error.
# Source:    httpx/_client.py, _redirect_method; postgrest/_sync/client.py (follow_redirects=True); RFC 9110, 15.4.2.
# Seen:      POST /rest/v1/listings -> 301; GET /moved/rest/v1/listings; data == [{'number': 'AA00001', 'price': 1}], no exception.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check supabase==2.34.1 postgrest==2.34.1 httpx==0.28.1
"$folder/venv/bin/python" -W ignore::DeprecationWarning - <<'PYTHON'
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

from supabase import create_client

stored = [{"number": "AA00001", "price": 1}]
seen = []


class Gateway(BaseHTTPRequestHandler):
    def do_POST(self):
        seen.append(("POST", self.path.split("?")[0]))
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(301)
        self.send_header("Location", "/moved" + self.path)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self):
        seen.append(("GET", self.path.split("?")[0]))
        body = json.dumps(stored).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


server = HTTPServer(("127.0.0.1", 0), Gateway)
threading.Thread(target=server.serve_forever, daemon=True).start()
client = create_client(f"http://127.0.0.1:{server.server_port}", "sb_secret_" + "x" * 24)
answer = client.table("listings").upsert([{"number": "AA00001", "price": 999}]).execute()
print(seen, answer.data)
assert [method for method, _ in seen] == ["POST", "GET"], "the redirect is no longer followed"
assert answer.data == [{"number": "AA00001", "price": 1}]
PYTHON
echo "as described: the client reports success, and 999 was never written"
