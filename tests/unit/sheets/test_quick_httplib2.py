"""httplib2 as the Google client uses it, without what takes a twelfth of a quiet run to import."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys
from listing_sync.sheets.quick_httplib2 import import_httplib2
httplib2 = import_httplib2()
import googleapiclient.discovery
assert "pyparsing" not in sys.modules
assert httplib2.auth is sys.modules["httplib2.auth"]
print(sorted(httplib2.auth._parse_www_authenticate({"www-authenticate": 'Basic realm="me"'})))
assert "pyparsing" in sys.modules
assert import_httplib2() is httplib2
"""


def test_the_parser_of_authentication_headers_is_loaded_when_it_is_used() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.returncode) == ("['basic']\n", 0), done.stderr
