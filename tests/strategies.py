"""What hypothesis draws for more than one test module."""

from __future__ import annotations

from hypothesis import strategies as st

from listing_sync.cells.listings import Shown, Unreadable

ANY_CELL = (
    st.none()
    | st.text(st.characters() | st.characters(categories=["Cs", "Cc"]))
    | st.text("0123456789,.-/年月日万億千円㎡¥T: 令和RHS", max_size=20)
    | st.integers()
    | st.integers(min_value=10**4000, max_value=10**4500)
    | st.floats()
    | st.booleans()
    | st.dates()
    | st.datetimes(timezones=st.none() | st.timezones())
    | st.times()
    | st.builds(Unreadable, st.text(), st.text())
    | st.builds(
        Shown,
        st.text() | st.text("0123456789,.-/年月日万億千円㎡坪¥$K%eE: 令和RHS", max_size=20),
        st.integers() | st.floats() | st.booleans() | st.dates() | st.datetimes() | st.times(),
    )
)
"""Whatever a reader could give for one cell, and what none should."""
