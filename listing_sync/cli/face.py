"""Give every command what it needs of the terminal, and the world."""

from __future__ import annotations

import os
import re
import shlex
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import field
from functools import cached_property
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any
from uuid import UUID

from listing_sync import logs
from listing_sync.cells.wording import plain
from listing_sync.cli.text import json_text
from listing_sync.clock import Stop, once
from listing_sync.errors import SettingsError
from listing_sync.given_settings import GivenSettings, read_given, settings_path
from listing_sync.language.catalogue import speak
from listing_sync.language.choice import language_of
from listing_sync.language.sentences import english_of
from listing_sync.lazy_dataclasses import dataclass

if TYPE_CHECKING:
    from rich.console import Console

    from listing_sync.steps.standing_trouble import Mails
    from listing_sync.wiring.world import World

_SIGNALLED = 128
_HINT = re.compile(
    r"(?m)(?P<before>`|: |^ +)listing-sync (?=(?:-\w )?"
    r"(?:init|sync|status|health|settings|test-signals|pause|resume|migrate|serve)\b)"
)
"""How a command to type next stands in a message: quoted, behind a colon, or on its own line."""
_NEVER_WRAPPED = 100_000
"""Columns of a log or a mail: whoever reads it wraps its lines, or searches them."""
RUN_TO_BE = "LISTING_SYNC_RUN_TO_BE"
"""In the environment of the run that `serve` starts: its id, which is an answer already."""
_JSON_VERSION = 1
"""Of every document; a key that goes, or means something else, makes it 2."""


@dataclass(slots=False)
class Face:
    """The global options, and what they make of stdout and stderr."""

    env_file: Path | None = None
    verbose: bool = False
    quiet: bool = False
    log_format: str = "text"
    json_output: bool = False
    stop: Stop = field(default_factory=Stop)
    mails: Mails | None = None
    """What cron's mails have told of the runs of `sync all`; None: all is printed."""

    @cached_property
    def given(self) -> GivenSettings:
        """Return what environment and settings file set, read once.

        Raises:
            SettingsError: the file cannot be read.
        """
        return read_given(self.env_file)

    @property
    def settings_path(self) -> Path:
        """Return where the settings file is, or would be."""
        return settings_path(self.env_file)

    @cached_property
    def out(self) -> Console:
        """Return the console for results."""
        return _console(self.hinted, stderr=False)

    @cached_property
    def err(self) -> Console:
        """Return the console for refusals, warnings and rejections."""
        return _console(self.hinted, stderr=True)

    @property
    def is_terminal(self) -> bool:
        """Return whether a person watches: progress and full summaries are shown."""
        return sys.stderr.isatty() or sys.stdout.isatty()

    def hinted(self, text: str) -> str:
        """Return a text in which each command to type next names the settings file of this one."""
        if self.env_file is None:
            return text
        option = f"--env-file {shlex.quote(plain(str(self.env_file)))}"
        return _HINT.sub(lambda found: f"{found['before']}listing-sync {option} ", text)

    def say(self, text: str) -> None:
        """Print lines as they are on stdout, which needs no console."""
        sys.stdout.write(f"{self.hinted(text)}\n")

    @property
    def is_unattended(self) -> bool:
        """Return whether what is printed becomes a mail: nobody watches, or asked for all."""
        return not (self.is_terminal or self.verbose or self.ordered_run)

    def announce(self, text: str) -> None:
        """Print one line on stderr for whoever started this by hand; a log has it at -v."""
        if self.is_terminal and not self.quiet:
            self.complain(text, level="info")
        else:
            logs.event("info", "message", text)

    @property
    def environment(self) -> dict[str, str]:
        """Return the environment, for another process of this program."""
        return dict(os.environ)

    @property
    def json_version(self) -> Mapping[str, object]:
        """Return what every JSON document begins with."""
        return {"version": _JSON_VERSION}

    def print_json(self, document: Mapping[str, object]) -> None:
        """Print the one JSON document of this command on stdout, with the version of its form."""
        # JSON is UTF-8, whatever the locale says.
        versioned = {**self.json_version, **document}
        sys.stdout.flush()
        sys.stdout.buffer.write(f"{logs.redacted(json_text(versioned))}\n".encode())

    @property
    def is_logged(self) -> bool:
        """Return whether a program reads stderr: then each line of it is an event of the log."""
        return self.log_format == "json" or self._is_journal

    @property
    def _is_journal(self) -> bool:
        # Sessions of a desktop hand the variable down to their terminals.
        return "JOURNAL_STREAM" in os.environ and not sys.stderr.isatty()

    def warn(self, text: str) -> None:
        """Print one line for a person on stderr; -q leaves it out."""
        if not self.quiet:
            self.complain(text, level="warning")

    def complain(self, text: str, *, level: str = "error") -> None:
        """Print one line for a person on stderr, whatever the options."""
        if self.is_logged:
            for line in self.hinted(str(english_of(text))).splitlines():
                logs.event(level, "message", line)
        else:
            self.err.print("\n".join(plain(line) for line in text.splitlines()), soft_wrap=True)

    @contextmanager
    def open(
        self,
        *,
        needs_sheet: bool = True,
        flags: Mapping[str, Any] | None = None,
        json_output: bool = False,
        moves_breakers: bool = True,
    ) -> Iterator[World]:
        """Load the settings, set up logs and signals, and yield the world, closed at the end.

        Raises:
            SettingsError: with every problem of settings, mapping and key.
        """
        from listing_sync.wiring.world import open_world

        self.json_output = json_output
        self.know_secrets()
        with (
            open_world(
                self.given,
                flags=flags or {},
                needs_sheet=needs_sheet,
                stop=self.stop,
                trigger=self.trigger,
                moves_breakers=moves_breakers,
                run_id=self.ordered_run,
            ) as world,
            self._stopping_on_signals(),
        ):
            self._configure_logs(world.settings.secrets())
            yield world

    def choose_language(self) -> None:
        """Speak the language of settings or locale from now on; a wrong one is told later."""
        given: Mapping[str, str] = os.environ
        with suppress(SettingsError):
            given = self.given.texts
        speak(language_of(given))

    def know_secrets(self) -> None:
        """Have nothing that is printed hold a secret of the settings, be they valid or not."""
        from listing_sync.settings import given_secrets, with_parts

        try:
            secrets = given_secrets(self.given)
        except SettingsError:
            secrets = with_parts(())
        self._configure_logs(secrets)

    def _configure_logs(self, secrets: Iterable[str] = ()) -> None:
        level = "error" if self.quiet else "warning"
        logs.configure(
            sys.stderr,
            level="debug" if self.verbose else level,
            as_json=self.log_format == "json",
            journald=self._is_journal,
            secrets=secrets,
        )

    @property
    def ordered_run(self) -> str | None:
        """Return the id that a person at `serve` was told of the run to come."""
        try:
            return str(UUID(os.environ.get(RUN_TO_BE, "")))
        except ValueError:
            return None

    @property
    def trigger(self) -> str:
        """Return who started the run, as its record says it."""
        if self.is_terminal or self.ordered_run:
            return "manual"
        if os.environ.get("CI"):
            return "ci"
        return "systemd" if os.environ.get("INVOCATION_ID") else "cron"

    @contextmanager
    def _stopping_on_signals(self) -> Iterator[None]:
        """Let the first signal stop the run in order, and a second one end the program."""

        def stopped(number: int, _frame: FrameType | None) -> None:
            if self.stop.is_requested():
                os._exit(_SIGNALLED + number)
            self.stop.request(number)

        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {
            number: signal.signal(number, stopped) for number in (signal.SIGINT, signal.SIGTERM)
        }
        for number in before:
            once(number)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _console(hinted: Callable[[str], str], *, stderr: bool) -> Console:
    from rich.console import Console
    from rich.text import Text

    stream = sys.stderr if stderr else sys.stdout

    class Hinting(Console):
        """Every text on its way to the terminal, cells of tables among them, passes here."""

        def render_str(self, text: str, **options: Any) -> Text:
            return super().render_str(hinted(text), **options)

        def print(self, *objects: Any, **options: Any) -> None:
            if stream.isatty():
                super().print(*objects, **options)
                return
            # A table fills its lines with blanks, in a log up to its longest one.
            with self.capture() as printed:
                super().print(*objects, **options)
            self.file.write("\n".join(map(str.rstrip, printed.get().split("\n"))))
            self.file.flush()

    is_plain = os.environ.get("TERM") == "dumb" or bool(os.environ.get("NO_COLOR"))
    return Hinting(
        file=stream,
        markup=False,
        highlight=False,
        emoji=False,
        color_system=None if is_plain else "auto",
        width=None if stream.isatty() or "COLUMNS" in os.environ else _NEVER_WRAPPED,
    )
