"""Stage what version 1.0.0 left on a machine and in its database, a day ago.

The file was written by that version: a cutover of three homes and a run, both with SYNC_SHEET_NAME,
then a run without it that was killed after it had written AA1 and AA2.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from tests.stack.supabase_lite import SupabaseLite

_FILE = Path(__file__).with_name("left_by_1_0_0.json")
_MINUTE = {
    "THE_DAYT22:44": "%Y-%m-%dT%H:%M",
    "THE_DAY 22:44": "%Y-%m-%d %H:%M",
    "THEDAYT2244": "%Y%m%dT%H%M",
}
"""The minute in which all of it was written, as the file spells it."""


def leave(project: SupabaseLite, folder: Path) -> dict[str, str]:
    """Stage it in the folder `state` and in the tables; return the ids of the three runs."""
    then = datetime.now(UTC) - timedelta(days=1, minutes=1)
    host = urlsplit(project.url).netloc
    text = _FILE.read_text(encoding="utf-8").replace("TARGET_HOST", host)
    text = text.replace("FOLDER", str(folder))
    for written, form in _MINUTE.items():
        text = text.replace(written, f"{then:{form}}")
    left = json.loads(text)
    digest = hashlib.sha256(f"{host}\nhomes".encode()).hexdigest()[:8]
    state = folder / "state" / f"{host.replace(':', '_')}-homes-{digest}"
    for name, content in left["files"].items():
        path = state / name
        path.parent.mkdir(parents=True, exist_ok=True)
        packed = name.endswith(".gz")
        path.write_bytes(gzip.compress(content.encode()) if packed else content.encode())
        if name.startswith("snapshots/"):
            checksum = hashlib.sha256(path.read_bytes()).hexdigest()
            path.with_name(f"{path.name}.sha256").write_text(f"{checksum}  {path.name}\n")
    for table, rows in left["rows"].items():
        columns = "id, num, price, own, updated_at" if table == "homes" else "*"
        project.execute(
            f"insert into {table} {'' if columns == '*' else f'({columns})'}"
            f" overriding system value select {columns}"
            f" from jsonb_populate_recordset(null::{table}, %s::jsonb)",
            [json.dumps(rows)],
        )
    return {name: str(run_id) for name, run_id in left["ids"].items()}
