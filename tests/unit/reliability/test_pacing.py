"""Examples of pacing.py: what one failure leaves behind for whoever comes next."""

from __future__ import annotations

from dataclasses import replace

import pytest

from listing_sync.errors import (
    BreakerOpenError,
    Category,
    QuotaError,
    RetryLaterError,
    Service,
    SlowError,
    TransientError,
)
from listing_sync.reliability.pacing import (
    Again,
    At,
    GuardSettings,
    Pacing,
    Patience,
    Refuse,
    Tries,
    Wait,
)

SETTINGS = GuardSettings(
    retries=3, first_delay_s=1, timeout_s=30, threshold=2, breaker_timeout_s=60
)
NEW = Pacing(Service.SUPABASE, SETTINGS)
START = At(100.0, 1_700_000_000.0)


def failure(kind: type[TransientError] = TransientError, after_s: float | None = None):
    return kind("away", service=Service.SUPABASE, category=Category.NETWORK, retry_after_s=after_s)


def failed(
    pacing: Pacing,
    error: TransientError,
    tries: Tries | None = None,
    at: At = START,
    chance: float = 0.0,
) -> tuple[Pacing, Tries, Again | Refuse | None]:
    tries = tries or Tries(Patience.RETRY)
    begun, tried = pacing.begun(tries.patience, at)
    return begun.failed(tried, tries, error, at, chance)


def test_nothing_is_waited_for_before_the_first_failure() -> None:
    step = NEW.next_step(Patience.RETRY, 0.0, START)
    assert isinstance(step, Wait)
    assert step.wait_s <= 0


def test_a_failure_keeps_everybody_waiting_for_its_delay() -> None:
    pacing, tries, again = failed(NEW, failure())
    assert again == Again(101.0, 1.0, attempt=1, attempts=4)
    assert tries.attempt == 2
    assert pacing.next_step(Patience.RETRY, 0.0, START) == Wait(1.0)
    assert pacing.next_step(Patience.RETRY, 0.0, At(101.0, START.wall_s)) == Wait(0.0)


def test_the_failure_at_the_threshold_refuses_everybody_but_probes_and_last_words() -> None:
    pacing, tries, _ = failed(NEW, failure())
    pacing, _, step = failed(pacing, failure(), tries)
    assert isinstance(step, Refuse)
    assert isinstance(step.error, BreakerOpenError)
    refused = pacing.next_step(Patience.RETRY, 0.0, START)
    assert isinstance(refused, Refuse)
    assert str(refused.error).startswith("away. It failed 2 times in a row")
    for patience in (Patience.LAST, Patience.PROBE):
        assert pacing.next_step(patience, 0.0, START) == Wait(0.0)


def test_a_probe_teaches_nothing() -> None:
    pacing, _, step = failed(NEW, failure(), Tries(Patience.PROBE))
    assert (pacing, step) == (NEW, None)


def test_one_try_is_never_made_again() -> None:
    _, _, step = failed(NEW, failure(), Tries(Patience.ONCE))
    assert step is None


def test_a_longer_wait_than_a_run_makes_is_told_to_everybody() -> None:
    pacing, _, step = failed(NEW, failure(after_s=90))
    assert isinstance(step, Refuse)
    assert isinstance(step.error, RetryLaterError)
    assert pacing.next_step(Patience.RETRY, 0.0, START) == step
    assert isinstance(pacing.next_step(Patience.RETRY, 0.0, At(191.0, START.wall_s)), Wait)


def test_a_slow_answer_is_asked_for_once_more() -> None:
    patient = Pacing(Service.GOOGLE, replace(SETTINGS, threshold=5))
    pacing, tries, again = failed(patient, failure(SlowError))
    assert isinstance(again, Again)
    assert again.attempts == 2
    _, _, step = failed(pacing, failure(SlowError), tries)
    assert step is None


@pytest.mark.parametrize(("chance", "wait_s"), [(0.0, 30.0), (1.0, 45.0)])
def test_a_quota_holds_everybody_and_is_no_failure(chance: float, wait_s: float) -> None:
    pacing, _, again = failed(NEW, failure(QuotaError), chance=chance)
    assert again == Again(100.0 + wait_s, wait_s, attempt=1, attempts=5)
    assert pacing.breaker.failures == 0
    assert pacing.next_step(Patience.RETRY, 0.0, START) == Wait(wait_s)


def test_an_answer_takes_the_back_off_away() -> None:
    pacing, _, _ = failed(NEW, failure())
    at = At(101.0, START.wall_s)
    begun, tried = pacing.begun(Patience.RETRY, at)
    step = begun.answered(tried, Patience.RETRY).next_step(Patience.RETRY, 0.0, at)
    assert isinstance(step, Wait)
    assert step.wait_s <= 0
