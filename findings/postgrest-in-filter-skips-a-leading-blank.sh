#!/usr/bin/env bash
# delete().in_("number", [" AA1"]) deletes the row AA1 and leaves the row ' AA1'.
#
# Versions:  postgrest 2.34.1 (the client of supabase-py), Supabase Lite 0.10.0 (`lite dev`) on its PGlite.
# Guessed:   the client quotes what needs quotes, so that a value means itself.
# Behaviour: the client puts a value of in_() in double quotes only where it holds one of , : ( ) " \ and a blank is none of
#            them. The server skips white space after `in.(`, so that the first value of the list loses its leading blank and names
#            another row. PostgREST itself does the same (measured on 14.12 and 16.2). A value that is quoted by hand is safe.
# Source:    PostgREST, src/PostgREST/ApiRequest/QueryParams.hs, pListVal; postgrest-py, sanitize_param in postgrest/utils.py.
# Seen:      deleted: [{'number': 'AA1'}], left: [{'number': ' AA1'}]; quoted: deleted [{'number': ' AA1'}], left [{'number': 'AA1'}].
# Needs:     Node 20 or newer.
set -euo pipefail
folder=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check postgrest==2.34.1
cd "$folder"
npm install --silent --no-audit --no-fund @supabase/lite@0.10.0
lite="node_modules/@supabase/lite/dist/cli/index.js"
node "$lite" --no-telemetry init --pglite >/dev/null 2>&1 </dev/null
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
sed -i "s/^port = .*/port = $port/" supabase/config.toml
echo 'create table listings (number text primary key);' >supabase/schemas/schema.sql
node "$lite" --no-telemetry dev >log 2>&1 </dev/null &
server=$!
"$folder/venv/bin/python" - "$port" "$(sed -n 's/^SUPABASE_SECRET_KEY=//p' .env)" <<'PYTHON'
import sys
import time

import httpx
from postgrest import SyncPostgrestClient

port, key = sys.argv[1:]
url = f"http://127.0.0.1:{port}/rest/v1"
headers = {"apikey": key, "Authorization": f"Bearer {key}"}
for _ in range(240):
    try:
        if httpx.get(f"{url}/listings", headers=headers).status_code == 200:
            break
    except httpx.TransportError:
        pass
    time.sleep(0.5)
client = SyncPostgrestClient(url, headers=headers)


def delete(values: str | None) -> tuple[object, object]:
    table = client.from_("listings")
    table.upsert([{"number": "AA1"}, {"number": " AA1"}]).execute()
    query = table.delete()
    query = query.in_("number", [" AA1"]) if values is None else query.filter("number", "in", values)
    deleted = query.execute().data
    return deleted, table.select("number").execute().data


deleted, left = delete(None)
print("in_():  deleted", deleted, "left", left)
assert (deleted, left) == ([{"number": "AA1"}], [{"number": " AA1"}]), "the blank now counts"
deleted, left = delete('(" AA1")')
print("quoted: deleted", deleted, "left", left)
assert (deleted, left) == ([{"number": " AA1"}], [{"number": "AA1"}])
PYTHON
echo "as described: a leading blank in the first value of in.(...) names another row"
