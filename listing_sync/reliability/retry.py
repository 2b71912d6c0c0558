"""Work out the waits before each retry."""

from __future__ import annotations

from itertools import islice

CAP_S = 16.0


def retry_delays(
    first_s: float, retries: int, cap_s: float = CAP_S, *, growth: float = 2
) -> tuple[float, ...]:
    """Return the waits before each retry, in seconds, in order.

    Grows from `first_s`, never above `cap_s`: (1, 3) -> (1, 2, 4), growing by 4 (1, 4, 16). No
    jitter.

    Raises:
        ValueError: a negative argument.

    Source: docs/contract.md, SYNC_RETRY_DELAY.
    """
    if first_s < 0 or retries < 0 or cap_s < 0:
        raise ValueError(f"negative argument: {first_s=}, {retries=}, {cap_s=}")
    import backoff  # noqa: PLC0415 - 40 ms, wanted only once a try has failed

    waits = backoff.expo(base=growth, factor=first_s, max_value=cap_s)
    next(waits)  # primes the generator; it yields its first wait after that
    return tuple(float(wait) for wait in islice(waits, retries))
