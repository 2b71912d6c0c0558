"""Make requests to two methods of the Sheets API, by its discovery document.

googleapiclient's own build() imports httplib2, which sends nothing here, and writes documentation
of every method: a third of what a quiet run takes. Its document, its model of requests and its
errors are what a request is made of; only these are used.

Source: developers.google.com/discovery/v1/using (paths, parameters).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from listing_sync.cells.foreign_json import TooHeavyError, read_foreign_json
from listing_sync.changes.quiet import Fetched
from listing_sync.lazy_dataclasses import dataclass
from listing_sync.sheets.google_http import GoogleHttp, refusal
from listing_sync.transport import UnfitAnswerError

Parameter = str | bool | Sequence[str]


@dataclass(frozen=True, slots=True)
class GoogleRequest:
    """A request that may be sent again; httplib2 would turn one with a long URL into a POST."""

    uri: str
    headers: Mapping[str, str]
    _http: GoogleHttp

    def fetch(self) -> bytes:
        """Return the body of the answer as it comes.

        Raises:
            HttpError: it is no success.
        """
        head, content = self._http.request(self.uri, headers=self.headers)
        if not HTTPStatus.OK <= head.status < HTTPStatus.MULTIPLE_CHOICES:
            raise refusal(head, content)
        return content

    @staticmethod
    def understood(body: bytes) -> Any:
        """Return what an answer says, None where it is no JSON.

        Raises:
            UnfitAnswerError: it would fill the memory.
        """
        try:
            return read_foreign_json(body)
        except TooHeavyError as error:
            raise UnfitAnswerError(str(error)) from error
        except ValueError:
            return None


class SheetsClient:
    """The methods of the API that read, at an endpoint."""

    def __init__(self, http: GoogleHttp, endpoint: str) -> None:
        self.http = http
        self.endpoint = endpoint.rstrip("/")

    @cached_property
    def model(self) -> Any:
        """Return what makes requests and reads answers."""
        from googleapiclient.model import JsonModel  # noqa: PLC0415 - heavy

        return JsonModel()

    @cached_property
    def _document(self) -> Any:
        from googleapiclient.discovery_cache import get_static_doc  # noqa: PLC0415 - heavy

        return json.loads(get_static_doc("sheets", "v4"))

    def again(self, fetched: Fetched) -> GoogleRequest | None:
        """Return a request of an earlier run, None for one to elsewhere."""
        if not fetched.request.startswith(f"{self.endpoint}/"):
            return None
        return GoogleRequest(fetched.request, fetched.headers, self.http)

    def spreadsheet(self, spreadsheet_id: str, **parameters: Parameter) -> GoogleRequest:
        """Return the request of spreadsheets.get."""
        method = self._spreadsheets["methods"]["get"]
        return self._request(method, spreadsheet_id, parameters)

    def values(self, spreadsheet_id: str, **parameters: Parameter) -> GoogleRequest:
        """Return the request of spreadsheets.values.batchGet."""
        method = self._spreadsheets["resources"]["values"]["methods"]["batchGet"]
        return self._request(method, spreadsheet_id, parameters)

    @property
    def _spreadsheets(self) -> Any:
        return self._document["resources"]["spreadsheets"]

    def _request(
        self, method: Mapping[str, Any], spreadsheet_id: str, parameters: Mapping[str, Parameter]
    ) -> GoogleRequest:
        known = {**self._document["parameters"], **method["parameters"]}
        if unknown := parameters.keys() - known.keys():
            raise TypeError(f"{method['id']} has no {', '.join(sorted(unknown))}")
        path = method["path"].replace("{spreadsheetId}", quote(spreadsheet_id, safe=""))
        sent = {name: _in_query(value) for name, value in parameters.items()}
        headers, _, query, _ = self.model.request({}, {}, sent, None)
        return GoogleRequest(f"{self.endpoint}/{path}{query}", headers, self.http)


def _in_query(value: Parameter) -> str | list[str]:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else list(value)
