"""Keep the breaker of one service on this disk, for the next process."""

from __future__ import annotations

from listing_sync.errors import Service
from listing_sync.language.sentences import Marked, marked, spoken
from listing_sync.language.system_words import system_words
from listing_sync.machine.state_dir import StateDir
from listing_sync.reliability.breaker import Breaker

_UNREAD = marked("{path} cannot be read ({why}): the breaker starts closed")
_UNWRITTEN = marked("{path} cannot be written ({why}): the breaker starts closed")


class BreakerFile:
    """Keeps a breaker; a file that cannot be used is a warning and counts as closed.

    With `keeps` False the breaker stays as it was left: who looks at it does not move it.
    """

    def __init__(self, state: StateDir, service: Service, *, keeps: bool = True) -> None:
        self._state = state
        self._keeps = keeps
        self._name = f"breaker-{service}.json"

    def load(self) -> Breaker:
        """Return the breaker as the last process left it; a time in the future is put right."""
        try:
            stored = self._state.read_json(self._name)
        except OSError as error:
            self._warn(_UNREAD, error)
            return Breaker()
        if stored is None:
            return Breaker()
        try:
            if not isinstance(stored, dict):
                raise ValueError("not a breaker")  # noqa: TRY301, TRY004 - as any other damage
            breaker = Breaker.from_stored(stored, self._state.clock.now().timestamp())
        except ValueError:
            self._state.set_aside(self._state.path / self._name)
            return Breaker()
        if breaker.opened_at != stored.get("opened_at"):
            # Otherwise each process would take it for its own now, and no timeout would ever pass.
            self.save(breaker)
        return breaker

    def save(self, breaker: Breaker) -> None:
        """Keep a breaker; a failure is a warning."""
        if not self._keeps:
            return
        try:
            self._state.write_json(self._name, breaker.to_stored())
        except OSError as error:
            self._warn(_UNWRITTEN, error)

    def _warn(self, text: Marked, error: OSError) -> None:
        path = self._state.path / self._name
        self._state.warn(spoken(text, path=path, why=system_words(error)))
