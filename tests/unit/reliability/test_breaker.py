from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from listing_sync.reliability.breaker import Breaker, BreakerLimits, BreakerState

LIMITS = BreakerLimits(threshold=5, timeout_s=60.0)


def failed_once(breaker: Breaker, limits: BreakerLimits = LIMITS, now: float = 0.0) -> Breaker:
    breaker, tried = breaker.begin(limits, now)
    return breaker.failed(tried, limits, now)


def opened(now: float = 0.0) -> Breaker:
    breaker = Breaker()
    for _ in range(LIMITS.threshold):
        breaker = failed_once(breaker, now=now)
    return breaker


@given(threshold=st.integers(1, 100))
def test_breaker_opens_exactly_at_the_threshold(threshold):
    limits = BreakerLimits(threshold, 60.0)
    breaker = Breaker()
    for failures in range(1, threshold + 1):
        breaker = failed_once(breaker, limits)
        expected = BreakerState.OPEN if failures == threshold else BreakerState.CLOSED
        assert breaker.state(limits, 0.0) is expected


def test_tries_in_flight_together_count_as_one_failure():
    breaker = Breaker()
    tries = []
    for _ in range(10):
        breaker, tried = breaker.begin(LIMITS, 0.0)
        tries.append(tried)
    for tried in tries:
        breaker = breaker.failed(tried, LIMITS, 1.0)
    assert breaker.failures == 1


def test_an_answer_between_failures_starts_the_count_again():
    breaker = Breaker()
    for _ in range(4):
        breaker = failed_once(breaker)
    breaker, tried = breaker.begin(LIMITS, 0.0)
    breaker = breaker.answered(tried)
    assert failed_once(breaker).failures == 1


@pytest.mark.parametrize(
    ("seconds", "state"),
    [(0, BreakerState.OPEN), (59.9, BreakerState.OPEN), (60, BreakerState.HALF_OPEN)],
)
def test_an_open_breaker_is_half_open_after_the_timeout(seconds, state):
    assert opened(1000.0).state(LIMITS, 1000.0 + seconds) is state


def test_a_probe_that_is_answered_closes():
    breaker, probe = opened().begin(LIMITS, 60.0)
    assert breaker.probing
    breaker = breaker.answered(probe)
    assert (breaker.state(LIMITS, 60.0), breaker.failures) == (BreakerState.CLOSED, 0)


def test_a_probe_that_fails_opens_for_the_whole_timeout_again():
    breaker, probe = opened().begin(LIMITS, 60.0)
    breaker = breaker.failed(probe, LIMITS, 90.0)
    assert breaker.state(LIMITS, 149.9) is BreakerState.OPEN
    assert breaker.state(LIMITS, 150.0) is BreakerState.HALF_OPEN
    assert not breaker.probing


def test_a_probe_that_is_abandoned_leaves_the_place_to_the_next():
    breaker, probe = opened().begin(LIMITS, 60.0)
    breaker = breaker.abandoned(probe)
    assert not breaker.probing
    assert breaker.state(LIMITS, 60.0) is BreakerState.HALF_OPEN


def test_a_late_answer_of_an_earlier_try_does_not_close_an_open_breaker():
    breaker, early = Breaker().begin(LIMITS, 0.0)
    for _ in range(5):
        breaker = failed_once(breaker)
    assert breaker.answered(early) == breaker
    assert breaker.failed(early, LIMITS, 5.0) == breaker


@pytest.mark.parametrize("breaker", [Breaker(), Breaker(failures=3), opened(100.0)])
def test_what_is_stored_is_what_the_next_process_finds(breaker):
    found = Breaker.from_stored(breaker.to_stored(), now=200.0)
    assert (found.failures, found.opened_at) == (breaker.failures, breaker.opened_at)


def test_a_stored_time_in_the_future_counts_as_now():
    assert Breaker.from_stored({"failures": 5, "opened_at": 9e9}, now=200.0).opened_at == 200.0


@pytest.mark.parametrize(
    "stored",
    [
        {},
        {"failures": "5"},
        {"failures": -1},
        {"failures": 1, "opened_at": "soon"},
        {"failures": 1, "opened_at": float("nan")},
    ],
    ids=str,
)
def test_what_is_not_a_breaker_is_refused(stored):
    with pytest.raises(ValueError, match="is "):
        Breaker.from_stored(stored, now=0.0)


class AnyCourseOfTries(RuleBasedStateMachine):
    """Whatever happens in whatever order, against a count kept the plain way."""

    def __init__(self):
        super().__init__()
        self.limits = BreakerLimits(threshold=3, timeout_s=10.0)
        self.breaker = Breaker()
        self.now = 0.0
        self.flying = []
        self.serial = 0
        self.last_counted = 0
        self.in_a_row = 0

    def may_begin(self) -> bool:
        is_open = self.breaker.state(self.limits, self.now) is BreakerState.OPEN
        return not is_open and not self.breaker.probing

    @precondition(lambda self: self.may_begin())
    @rule()
    def begin(self):
        self.serial += 1
        self.breaker, tried = self.breaker.begin(self.limits, self.now)
        self.flying.append((self.serial, tried))

    @precondition(lambda self: self.flying)
    @rule(data=st.data())
    def fail(self, data):
        serial, tried = self.flying.pop(data.draw(st.integers(0, len(self.flying) - 1)))
        was_closed = self.breaker.opened_at is None
        self.breaker = self.breaker.failed(tried, self.limits, self.now)
        if was_closed and serial > self.last_counted:
            self.serial += 1
            self.last_counted = self.serial
            self.in_a_row += 1
            assert (self.breaker.opened_at is not None) == (self.in_a_row >= 3)
        elif tried.is_probe:
            self.serial += 1
            self.last_counted = self.serial
            assert self.breaker.opened_at == self.now

    @precondition(lambda self: self.flying)
    @rule(data=st.data())
    def answer(self, data):
        _, tried = self.flying.pop(data.draw(st.integers(0, len(self.flying) - 1)))
        was_closed = self.breaker.opened_at is None
        self.breaker = self.breaker.answered(tried)
        if was_closed or tried.is_probe:
            self.in_a_row = 0
            assert self.breaker.state(self.limits, self.now) is BreakerState.CLOSED

    @rule(seconds=st.sampled_from([0.5, 5.0, 10.0]))
    def wait(self, seconds):
        self.now += seconds

    @invariant()
    def never_two_probes(self):
        probes = sum(tried.is_probe for _, tried in self.flying)
        assert probes == self.breaker.probing


TestAnyCourseOfTries = AnyCourseOfTries.TestCase
