"""`python -m listing_sync`, and the console script."""

from __future__ import annotations


def main() -> None:
    """Run the command line."""
    from listing_sync.cli.app import run  # noqa: PLC0415 - keeps importing this module free

    run()


if __name__ == "__main__":
    main()
