"""Name what can go wrong, by what the catcher does about it."""

from __future__ import annotations

from enum import StrEnum


class Category(StrEnum):
    """Kinds of errors as they appear in JSON and in sync_errors (docs/contract.md section 4)."""

    VALIDATION = "validation_error"
    DATABASE = "database_error"
    NETWORK = "network_error"
    RATE_LIMIT = "rate_limit_error"
    UNKNOWN = "unknown_error"


class Service(StrEnum):
    """The two services that the program talks to."""

    SUPABASE = "supabase"
    GOOGLE = "google"


class ListingSyncError(Exception):
    """Anything foreseeable: its text is for people and says what to do."""


class SettingsError(ListingSyncError):
    """Settings, mapping or key file are invalid; nothing was contacted. Every problem is listed."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class RefusedError(ListingSyncError):
    """The program declines to go on."""


class UnsafePlanError(RefusedError):
    """A plan passes a safety limit, or the sheet has no listing."""


class HoldError(RefusedError):
    """SYNC_STATE_DIR holds a file `hold`, or that of another machine does."""


class BreakerOpenError(RefusedError):
    """The circuit breaker of a service is open: the try was not made."""

    def __init__(self, message: str, *, service: Service) -> None:
        super().__init__(message)
        self.service = service


class NotSetUpError(RefusedError):
    """A table or column of ours is missing: `migrate up` has not been run."""


class LockTimeoutError(ListingSyncError):
    """Another run holds the lock, or is alive elsewhere, and did not finish in time."""


class SourceError(ListingSyncError):
    """The sheet or file was reached but is not what the mapping needs (tab, header, format).

    `recorded` is it without texts of the sheet: a wrong header row gives cells, which no record or
    alert keeps.
    """

    def __init__(self, message: str, *, recorded: str | None = None) -> None:
        super().__init__(message)
        self.recorded = message if recorded is None else recorded


class RemoteError(ListingSyncError):
    """A service failed, or refused, a request; `column` is the one at fault, where it is named.

    `value` is what the service said of it, which no message of ours repeats uncut.
    """

    def __init__(
        self,
        message: str,
        *,
        service: Service,
        category: Category,
        http_status: int | None = None,
        code: str | None = None,
        column: str | None = None,
        value: str | None = None,
    ) -> None:
        super().__init__(message)
        self.value = value
        self.service = service
        self.category = category
        self.http_status = http_status
        self.code = code
        self.column = column


class TransientError(RemoteError):
    """A failure of the moment: another try may work."""

    def __init__(
        self,
        message: str,
        *,
        service: Service,
        category: Category,
        http_status: int | None = None,
        code: str | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(
            message, service=service, category=category, http_status=http_status, code=code
        )
        self.retry_after_s = retry_after_s


class SlowError(TransientError):
    """The service took too long to answer: asked once more, since the answer may be ready then."""


class QuotaError(TransientError):
    """What a service allows in a minute is used up: not its failure, and over with the minute."""


class PermanentError(RemoteError):
    """The fault of the whole run (key, rights, schema, project): another try will not help."""


class GeneratedColumnError(PermanentError):
    """The database fills `column` by itself and lets nobody write it."""


class NoColumnError(PermanentError):
    """The table has no `column`, as far as the API sees it."""


class NotGrantedError(PermanentError):
    """The key has no right to do this."""


class WrittenTwiceError(PermanentError):
    """Two rows of one request are one row to the database, which takes neither."""


class RetryLaterError(PermanentError):
    """The service asks for a longer wait (Retry-After) than a run makes."""


class RowError(RemoteError):
    """The database refuses one row of the batch; splitting finds it."""


class NullRefusedError(RowError):
    """A row would leave `column` blank, which the table does not allow."""


class TwinError(RowError):
    """The table takes this listing and another one for one row: neither is written."""


class BatchTooLargeError(RemoteError):
    """The batch is too large (413) or too slow (57014); a smaller one may pass."""


class StoppedError(ListingSyncError):
    """A signal or the time limit stopped the run. `signal` is its number, None for the limit."""

    def __init__(self, message: str, *, signal: int | None) -> None:
        super().__init__(message)
        self.signal = signal
