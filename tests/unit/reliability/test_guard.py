from __future__ import annotations

import signal
from contextlib import contextmanager, suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from listing_sync.errors import (
    BreakerOpenError,
    Category,
    PermanentError,
    QuotaError,
    RetryLaterError,
    RowError,
    Service,
    SlowError,
    StoppedError,
    TransientError,
)
from listing_sync.reliability.breaker import Breaker, BreakerState
from listing_sync.reliability.guard import Guard
from listing_sync.reliability.meter import Meter
from listing_sync.reliability.pacing import GuardSettings, Patience
from listing_sync.reliability.rate_limit import TokenBucket
from tests.fakes import FakeClock, MemoryBreakerStore, PatientClock

DEFAULTS = GuardSettings(
    retries=3, first_delay_s=1.0, timeout_s=30.0, threshold=5, breaker_timeout_s=60.0
)


ASKING = (Patience.OUTLAST, Patience.RETRY, Patience.ONCE, Patience.PROBE)


def outage(retry_after_s: float | None = None) -> TransientError:
    return TransientError(
        "connection refused",
        service=Service.SUPABASE,
        category=Category.NETWORK,
        retry_after_s=retry_after_s,
    )


def quota() -> QuotaError:
    return QuotaError("60 a minute", service=Service.GOOGLE, category=Category.RATE_LIMIT)


def slow() -> SlowError:
    return SlowError("too long", service=Service.GOOGLE, category=Category.NETWORK)


def refusal(kind: type[PermanentError | RowError]) -> PermanentError | RowError:
    return kind("no", service=Service.SUPABASE, category=Category.DATABASE)


class Bench:
    """A guard before a service that is told how each try ends."""

    def __init__(self, guard_settings=DEFAULTS, *, rate=0, breaker=None, took_s=0.0, chance=0.0):
        self.chance = chance
        self.clock = FakeClock()
        self.store = MemoryBreakerStore(breaker)
        self.meter = Meter()
        self.retries = []
        self.deadlines = []
        self.tried_at = []
        self.took_s = took_s
        self.guard = self.another_process(guard_settings, rate)

    def another_process(self, guard_settings=DEFAULTS, rate=0):
        @contextmanager
        def bounded(timeout_s):
            self.deadlines.append(timeout_s)
            yield

        return Guard(
            Service.SUPABASE,
            guard_settings,
            store=self.store,
            bucket=TokenBucket.full(rate) if rate else None,
            clock=self.clock,
            patient_clock=PatientClock(self.clock),
            bounded=bounded,
            meter=self.meter,
            on_retry=self.retries.append,
            chance=lambda: self.chance,
        )

    def sending(self, *outcomes):
        """Return a `send` that ends in turn as told: an error is raised; at last all is well."""
        left = list(outcomes)

        def send():
            self.tried_at.append(self.clock.monotonic())
            outcome = left.pop(0) if left else "done"
            if isinstance(outcome, BaseException):
                raise outcome
            return outcome

        return send

    def down_until(self, seconds, retry_after_s=None):
        """Return a `send` that takes its time, and fails when it ends before `seconds`."""

        def send():
            self.tried_at.append(self.clock.monotonic())
            PatientClock(self.clock).sleep(self.took_s)
            if self.clock.monotonic() < seconds:
                raise outage(retry_after_s)
            return "done"

        return send

    def open_breaker(self):
        for _ in range(2):
            with pytest.raises((TransientError, BreakerOpenError)):
                self.guard.call(self.sending(*[outage()] * 9), "writing")
        assert self.guard.breaker_state() is BreakerState.OPEN
        self.tried_at.clear()


def test_an_answer_is_returned_without_any_wait_or_save():
    bench = Bench()
    assert bench.guard.call(bench.sending("answer"), "reading") == "answer"
    assert (bench.clock.monotonic(), bench.store.saves, bench.retries) == (0.0, 0, [])


def test_one_caller_tries_after_one_two_and_four_seconds():
    bench = Bench()
    with pytest.raises(TransientError):
        bench.guard.call(bench.sending(*[outage()] * 4), "writing")
    assert bench.tried_at == pytest.approx([0, 1, 3, 7])


def test_each_retry_is_told_with_try_wait_and_cause():
    bench = Bench()
    cause = outage()
    assert bench.guard.call(bench.sending(cause, cause), "writing") == "done"
    told = [(r.what, r.attempt, r.attempts, r.wait_s, r.cause) for r in bench.retries]
    assert told == [("writing", 1, 4, 1.0, cause), ("writing", 2, 4, 2.0, cause)]


def test_the_schedule_starts_afresh_with_each_call_after_one_longer_wait():
    bench = Bench(GuardSettings(2, 1.0, 30.0, 100, 60.0))
    for _ in range(2):
        with pytest.raises(TransientError):
            bench.guard.call(bench.sending(*[outage()] * 3), "writing")
    assert bench.tried_at == pytest.approx([0, 1, 3, 7, 8, 10])


def test_once_makes_one_try():
    bench = Bench()
    with pytest.raises(TransientError):
        bench.guard.call(bench.sending(outage()), "recording", Patience.ONCE)
    assert (bench.tried_at, bench.store.breaker.failures) == ([0.0], 1)


@pytest.mark.parametrize("kind", [PermanentError, RowError])
def test_an_answer_of_a_living_service_is_raised_at_once_and_resets_the_breaker(kind):
    bench = Bench(breaker=Breaker(failures=3))
    with pytest.raises(kind):
        bench.guard.call(bench.sending(refusal(kind)), "writing")
    assert (bench.tried_at, bench.store.breaker.failures) == ([0.0], 0)


def test_a_bug_is_raised_at_once_and_says_nothing_of_the_service():
    bench = Bench(breaker=Breaker(failures=3))
    with pytest.raises(KeyError):
        bench.guard.call(bench.sending(KeyError("bug")), "writing")
    assert (bench.tried_at, bench.store.breaker.failures) == ([0.0], 3)


# -- Retry-After ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked_s", "waits_s"), [(0.0, [1, 2]), (0.5, [1, 2]), (10.0, [10, 2]), (60.0, [60, 2])]
)
def test_retry_after_only_lengthens_the_wait(asked_s, waits_s):
    bench = Bench()
    bench.guard.call(bench.sending(outage(asked_s), outage()), "writing")
    assert bench.tried_at == pytest.approx([0, waits_s[0], sum(waits_s)])
    assert [r.wait_s for r in bench.retries] == pytest.approx(waits_s)


def test_retry_after_of_more_than_a_minute_ends_the_run_and_is_kept_by_all():
    bench = Bench()
    with pytest.raises(RetryLaterError, match="61 s") as caught:
        bench.guard.call(bench.sending(outage(61.0)), "writing")
    assert caught.value.category is Category.RATE_LIMIT
    with pytest.raises(RetryLaterError):
        bench.guard.call(bench.sending(), "reading")
    assert bench.tried_at == [0.0]
    bench.clock.sleep(61.0)
    assert bench.guard.call(bench.sending(), "reading") == "done"


def test_retry_after_holds_every_caller():
    bench = Bench()
    with pytest.raises(TransientError):
        bench.guard.call(bench.sending(outage(20.0)), "recording", Patience.ONCE)
    bench.guard.call(bench.sending(), "writing")
    assert bench.tried_at == pytest.approx([0, 20])


# -- a quota, and slow answers ---------------------------------------------------------------


@pytest.mark.parametrize(("chance", "waits_s"), [(0.0, 30.0), (1.0, 45.0)])
def test_a_quota_is_waited_out_four_times_in_half_a_minute_and_some_each(chance, waits_s):
    bench = Bench(chance=chance)
    assert bench.guard.call(bench.sending(*[quota()] * 4), "reading") == "done"
    assert bench.tried_at == pytest.approx([n * waits_s for n in range(5)])
    told = [(r.attempt, r.attempts, r.wait_s) for r in bench.retries]
    assert told == [(n, 5, pytest.approx(waits_s)) for n in range(1, 5)]


def test_a_quota_that_is_used_up_five_times_ends_the_call_and_is_no_failure():
    bench = Bench(breaker=Breaker(failures=4))
    with pytest.raises(QuotaError):
        bench.guard.call(bench.sending(*[quota()] * 5), "reading")
    assert bench.store.breaker.failures == 4
    assert bench.guard.breaker_state() is BreakerState.CLOSED


def test_failures_beside_a_quota_have_their_own_retries():
    bench = Bench()
    ends = [outage(), quota(), outage(), outage()]
    assert bench.guard.call(bench.sending(*ends), "reading") == "done"
    assert bench.tried_at == pytest.approx([0, 1, 31, 33, 37])


def test_a_quota_holds_every_caller_and_a_shorter_delay_shortens_its_wait():
    bench = Bench(GuardSettings(3, 0.1, 30.0, 5, 60.0))
    done_at = []

    def other():
        bench.clock.sleep(1.0)
        bench.guard.call(bench.sending(), "reading")
        done_at.append(bench.clock.monotonic())

    bench.clock.together(lambda: bench.guard.call(bench.sending(quota()), "reading"), other)
    assert done_at == [pytest.approx(3.0)]


def test_a_stop_ends_the_wait_for_a_quota():
    bench = Bench()
    bench.clock.at(12.0, lambda: bench.clock.stop.request(None))
    with pytest.raises(StoppedError):
        bench.guard.call(bench.sending(quota()), "reading")
    assert bench.clock.monotonic() == 12.0


@pytest.mark.parametrize("patience", [Patience.ONCE, Patience.PROBE, Patience.LAST])
def test_only_who_tries_again_waits_for_a_quota(patience):
    bench = Bench()
    with pytest.raises(QuotaError):
        bench.guard.call(bench.sending(quota()), "reading", patience)
    assert bench.clock.monotonic() == 0.0


@pytest.mark.parametrize(
    ("ends", "tries"),
    [
        pytest.param([slow(), slow()], 2, id="slow twice"),
        pytest.param([outage(), slow(), slow()], 3, id="after another failure"),
        pytest.param([slow(), outage()], 2, id="before another failure"),
    ],
)
def test_a_slow_answer_is_asked_for_once_more(ends, tries):
    bench = Bench()
    with pytest.raises(TransientError):
        bench.guard.call(bench.sending(*ends), "reading")
    assert len(bench.tried_at) == tries


def test_delays_that_grow_faster_outlive_a_longer_outage():
    bench = Bench(GuardSettings(3, 1.0, 30.0, 5, 60.0, growth=4))
    assert bench.guard.call(bench.down_until(20.0), "reading") == "done"
    assert bench.tried_at == pytest.approx([0, 1, 5, 21])


# -- the restart of a database --------------------------------------------------------------------


def test_a_call_that_outlasts_is_tried_once_more_after_its_retries():
    bench = Bench()
    with pytest.raises(BreakerOpenError):
        bench.guard.call(bench.sending(*[outage(0.0)] * 5), "writing", Patience.OUTLAST)
    assert bench.tried_at == pytest.approx([0, 1, 3, 7, 15])


def test_without_retries_nothing_is_outlasted():
    bench = Bench(GuardSettings(0, 1.0, 30.0, 5, 60.0))
    with pytest.raises(TransientError):
        bench.guard.call(bench.sending(outage(0.0)), "writing", Patience.OUTLAST)
    assert bench.tried_at == [0.0]


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(
    down_s=st.sampled_from([0.5, 7.4, 10.3, 14.9]),
    workers=st.integers(1, 16),
    took_s=st.sampled_from([0.0, 0.001, 0.02]),
    starts_s=st.lists(st.sampled_from([0.0, 0.0, 0.3, 2.0, 7.0, 7.01]), min_size=16, max_size=16),
    patiences=st.lists(st.sampled_from(ASKING), min_size=16, max_size=16),
)
def test_listings_outlast_the_restart_of_a_database_at_default_settings(
    down_s, workers, took_s, starts_s, patiences
):
    """Whoever else asks meanwhile, and gives up sooner; 503 with Retry-After: 0 throughout."""
    bench = Bench(took_s=took_s)
    send = bench.down_until(down_s, retry_after_s=0.0)
    outlasting = []

    def worker(start_s, patience):
        def work():
            bench.clock.sleep(start_s)
            if patience is Patience.OUTLAST:
                outlasting.append(bench.guard.call(send, "writing", patience))
            else:
                with suppress(TransientError):
                    bench.guard.call(send, "recording", patience)

        return work

    chosen = [Patience.OUTLAST, *patiences][:workers]
    bench.clock.together(*map(worker, starts_s, chosen))
    assert outlasting == ["done"] * chosen.count(Patience.OUTLAST)
    assert bench.guard.breaker_state() is BreakerState.CLOSED


# -- the breaker ------------------------------------------------------------------------------


def test_the_breaker_opens_at_the_fifth_failure_in_a_row_and_says_so():
    bench = Bench()
    with pytest.raises(TransientError):
        bench.guard.call(bench.sending(*[outage()] * 4), "writing")
    with pytest.raises(BreakerOpenError, match=r"^connection refused\. It failed 5 times in a row"):
        bench.guard.call(bench.sending(outage()), "writing")
    assert len(bench.tried_at) == 5


def test_an_open_breaker_refuses_without_a_try_in_the_next_process_too():
    bench = Bench()
    bench.open_breaker()
    for guard in (bench.guard, bench.another_process()):
        with pytest.raises(BreakerOpenError):
            guard.call(bench.sending(), "reading")
    assert bench.tried_at == []


def test_failures_in_a_row_are_counted_across_processes():
    bench = Bench()
    with pytest.raises(TransientError):
        bench.guard.call(bench.sending(*[outage()] * 4), "writing")
    with pytest.raises(BreakerOpenError):
        bench.another_process().call(bench.sending(outage()), "reading")


def test_after_the_timeout_one_probe_closes_the_breaker():
    bench = Bench()
    bench.open_breaker()
    bench.clock.sleep(60)
    assert bench.guard.breaker_state() is BreakerState.HALF_OPEN
    bench.guard.call(bench.sending(), "reading")
    assert bench.guard.breaker_state() is BreakerState.CLOSED
    assert bench.store.breaker.opened_at is None


def test_a_probe_that_fails_is_not_retried():
    bench = Bench()
    bench.open_breaker()
    bench.clock.sleep(60)
    with pytest.raises(BreakerOpenError):
        bench.guard.call(bench.sending(outage(), "too late"), "reading")
    assert len(bench.tried_at) == 1


@pytest.mark.parametrize(("is_up", "tries"), [(True, 4), (False, 1)], ids=["up", "down"])
def test_others_wait_for_the_answer_of_the_probe(is_up, tries):
    bench = Bench(took_s=2.0)
    bench.open_breaker()
    bench.clock.sleep(60)
    ended = []
    send = bench.down_until(0 if is_up else 1e9)

    def work():
        try:
            ended.append(bench.guard.call(send, "reading"))
        except BreakerOpenError:
            ended.append("refused")

    bench.clock.together(*[work] * 4)
    assert (len(bench.tried_at), ended) == (tries, (["done"] if is_up else ["refused"]) * 4)
    begun = sorted(at - bench.tried_at[0] for at in bench.tried_at)
    assert all(at >= 2.0 for at in begun[1:]), "one probe alone"


def test_a_probe_that_meets_a_bug_leaves_its_place():
    bench = Bench()
    bench.open_breaker()
    bench.clock.sleep(60)
    with pytest.raises(KeyError):
        bench.guard.call(bench.sending(KeyError("bug")), "reading")
    assert bench.guard.call(bench.sending(), "reading") == "done"


def test_health_asks_whatever_the_breaker_says_and_does_not_change_it():
    bench = Bench()
    bench.open_breaker()
    before = (bench.store.breaker, bench.store.saves)
    assert bench.guard.call(bench.sending(), "checking", Patience.PROBE) == "done"
    with pytest.raises(TransientError):
        bench.guard.call(bench.sending(outage()), "checking", Patience.PROBE)
    assert bench.guard.breaker_state() is BreakerState.OPEN
    assert (bench.store.breaker, bench.store.saves) == before


def test_success_saves_nothing_and_an_outage_saves_each_counted_failure():
    bench = Bench()
    for _ in range(100):
        bench.guard.call(bench.sending(), "writing")
    assert bench.store.saves == 0
    bench.guard.call(bench.sending(outage(), outage()), "writing")
    assert bench.store.saves == 3


# -- many callers -----------------------------------------------------------------------------


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(
    workers=st.integers(1, 16),
    took_s=st.sampled_from([0.0, 0.001, 0.4, 1.5]),
    starts_s=st.lists(st.floats(0, 4), min_size=16, max_size=16),
    calls=st.integers(1, 3),
)
def test_a_run_outlives_an_outage_of_five_seconds(workers, took_s, starts_s, calls):
    bench = Bench(took_s=took_s)
    send = bench.down_until(5.0)

    def worker(start_s):
        def work():
            bench.clock.sleep(start_s)
            for _ in range(calls):
                assert bench.guard.call(send, "writing") == "done"

        return work

    bench.clock.together(*[worker(start_s) for start_s in starts_s[:workers]])
    assert bench.guard.breaker_state() is BreakerState.CLOSED
    assert bench.store.breaker.failures == 0


def test_a_crowd_backs_off_as_one_caller_would():
    bench = Bench(took_s=0.001)
    send = bench.down_until(6.5)
    bench.clock.together(*[lambda: bench.guard.call(send, "writing")] * 8)
    rounds = sorted({round(at) for at in bench.tried_at})
    assert rounds[:4] == [0, 1, 3, 7]


def test_an_answer_ends_the_pause_of_the_others():
    bench = Bench(GuardSettings(3, 16.0, 30.0, 5, 60.0))
    flying = bench.down_until(0)
    bench.took_s = 2.0
    done_at = []

    def slow():
        bench.guard.call(flying, "writing")

    def failing():
        with pytest.raises(TransientError):
            bench.guard.call(bench.sending(outage()), "recording", Patience.ONCE)

    def late():
        bench.clock.sleep(1.0)
        bench.guard.call(bench.sending(), "writing")
        done_at.append(bench.clock.monotonic())

    bench.clock.together(slow, failing, late)
    assert done_at[0] == pytest.approx(2.0, abs=0.11)


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(rate=st.integers(1, 20), workers=st.integers(1, 6), down_s=st.sampled_from([0.0, 3.0]))
def test_requests_stay_within_the_rate_whatever_fails(rate, workers, down_s):
    bench = Bench(rate=rate, took_s=0.01)
    send = bench.down_until(down_s)

    def work():
        for _ in range(8):
            bench.guard.call(send, "writing")

    bench.clock.together(*[work] * workers)
    at = sorted(bench.tried_at)
    for first in range(len(at)):
        for last in range(first, len(at)):
            assert last - first + 1 <= rate + rate * (at[last] - at[first]) + 1e-3


# -- stopping ---------------------------------------------------------------------------------


def test_a_stop_ends_the_wait_between_tries_at_once():
    bench = Bench()
    bench.clock.at(1.5, lambda: bench.clock.stop.request(signal.SIGTERM))
    with pytest.raises(StoppedError):
        bench.guard.call(bench.sending(*[outage()] * 4), "writing")
    assert bench.clock.monotonic() == 1.5
    assert bench.tried_at == pytest.approx([0, 1])


def test_a_stop_ends_the_wait_for_the_rate_at_once():
    bench = Bench(rate=1)
    bench.guard.call(bench.sending(), "writing")
    bench.clock.at(0.3, lambda: bench.clock.stop.request(None))
    with pytest.raises(StoppedError):
        bench.guard.call(bench.sending(), "writing")
    assert bench.clock.monotonic() == 0.3


def test_nothing_new_begins_after_a_stop_but_the_last_record_in_five_seconds():
    bench = Bench(rate=1)
    bench.guard.call(bench.sending(), "writing")
    bench.clock.stop.request(signal.SIGINT)
    with pytest.raises(StoppedError):
        bench.guard.call(bench.sending(), "writing")
    assert bench.guard.call(bench.sending(), "closing", Patience.LAST) == "done"
    assert bench.tried_at == pytest.approx([0, 1]), "within the rate all the same"
    assert bench.deadlines == [30.0, 5.0]


def test_the_last_record_is_tried_once_with_an_open_breaker():
    bench = Bench()
    bench.open_breaker()
    assert bench.guard.call(bench.sending(), "closing", Patience.LAST) == "done"
    with pytest.raises(TransientError):
        bench.guard.call(bench.sending(outage()), "closing", Patience.LAST)
    assert len(bench.tried_at) == 2
    assert bench.guard.breaker_state() is BreakerState.OPEN


def test_a_try_in_flight_is_finished_after_a_stop():
    bench = Bench()

    def send():
        bench.clock.stop.request(signal.SIGTERM)
        return "answer"

    assert bench.guard.call(send, "writing") == "answer"


def test_waits_and_tries_are_metered():
    bench = Bench(rate=2)
    bench.guard.call(bench.sending(outage()), "writing")
    for _ in range(3):
        bench.guard.call(bench.sending(), "writing")
    counted = bench.meter.snapshot()
    assert (counted["requests"], counted["retries"]) == (5, 1)
    assert counted["retry_wait_s"] == pytest.approx(1.0)
    assert counted["rate_limit_wait_s"] == pytest.approx(1.0)


def test_what_is_abandoned_when_the_program_ends_does_not_count():
    bench = Bench()

    def cut_off():
        bench.guard.close()
        raise outage()

    with pytest.raises(TransientError):
        bench.guard.call(cut_off, "reading", Patience.ONCE)
    assert bench.store.saves == 0
