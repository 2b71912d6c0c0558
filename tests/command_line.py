"""Typer's test runner and usage error, whichever of its versions is installed."""

from __future__ import annotations

import inspect

from typer.testing import CliRunner

UsageError: type[Exception]
try:
    from typer.exceptions import TyperException

    UsageError = TyperException
except ImportError:  # before 0.28 it raised those of click
    from click import ClickException

    UsageError = ClickException

__all__ = ["UsageError", "runner"]


def runner() -> CliRunner:
    """Return a runner that keeps stdout and stderr apart, as click does by itself since 8.2."""
    if "mix_stderr" in inspect.signature(CliRunner.__init__).parameters:
        return CliRunner(mix_stderr=False)  # type: ignore[call-arg]
    return CliRunner()
