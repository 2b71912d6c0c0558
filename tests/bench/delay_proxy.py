"""A proxy that takes its time: `python -m tests.bench.delay_proxy UPSTREAM SECONDS`."""

from __future__ import annotations

import signal
import sys

from tests.stack.chaos_proxy import ChaosProxy, Delay


def main() -> None:
    """Print the address, then forward each request after the delay until SIGTERM."""
    upstream, delay_s = sys.argv[1], float(sys.argv[2])
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})  # before a thread would get it
    with ChaosProxy(upstream, lambda *_: Delay(delay_s)) as proxy:
        print(proxy.url, flush=True)
        signal.sigwait({signal.SIGTERM})


if __name__ == "__main__":
    main()
