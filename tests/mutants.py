"""`make mutants`: change plan, compare and validator in every small way; say what no test noticed.

With cosmic-ray, on a clone of the last commit in an environment of its own. Left out are changes
of `|` and `*`, which tell nothing of the tests: most are of annotations, which are never evaluated,
and of the mark in a signature for what is passed by name only, where another sign is no Python. It
takes half an hour; it is for a change of these modules, not for CI.
"""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
TOOL = "cosmic-ray==8.7.0"
VALUES = "tests/unit/test_architecture.py::test_values_of_the_rules_are_frozen_and_have_slots"
TESTS = {
    "listing_sync/changes/plan.py": f"tests/unit/changes/test_plan.py {VALUES}",
    "listing_sync/changes/compare.py": "tests/unit/changes",
    "listing_sync/cells/validator.py": "tests/unit/cells/test_validator.py",
}
CONFIGURATION = """
[cosmic-ray]
module-path = ["{module}"]
timeout = 60.0
excluded-modules = []
test-command = "{python} -m pytest -q -x -p no:cacheprovider --hypothesis-profile=quick {tests}"
distributor.name = "local"

[cosmic-ray.filters.operators-filter]
exclude-operators = ["core/ReplaceBinaryOperator_(BitOr|Mul)_.*"]
"""
OUTCOMES = """
select lower(test_outcome), count(*) from work_results where test_outcome is not null group by 1
"""
SURVIVORS = """
select diff from work_results where test_outcome = 'SURVIVED' order by job_id
"""


def main() -> None:
    """Try every mutant of each module, and print those that survive."""
    with tempfile.TemporaryDirectory(prefix="listing-sync-mutants-") as name:
        folder = Path(name)
        copy, python = folder / "copy", str(folder / "venv" / "bin" / "python")
        _run("git", "clone", "-q", str(ROOT), str(copy))
        _run(sys.executable, "-m", "venv", str(folder / "venv"))
        install = (python, "-m", "pip", "install", "-q", "--disable-pip-version-check")
        _run(*install, "--require-hashes", "-r", "tests/requirements.txt", within=copy)
        _run(*install, TOOL)
        for module, tests in TESTS.items():
            session, configuration = str(folder / "session"), str(folder / "mutants.toml")
            filled = CONFIGURATION.format(module=module, python=python, tests=tests)
            Path(configuration).write_text(filled, encoding="utf-8")
            tool = (python, "-m", "cosmic_ray.cli")
            _run(*tool, "init", "--force", configuration, session, within=copy)
            _run(
                *(python, "-m", "cosmic_ray.tools.filters.operators_filter"),
                *(session, configuration),
                within=copy,
            )
            _run(*tool, "exec", configuration, session, within=copy)
            _tell(module, session)


def _run(*command: str, within: Path = ROOT) -> None:
    subprocess.run(command, cwd=within, check=True)


def _tell(module: str, session: str) -> None:
    with sqlite3.connect(session) as results:
        counts = [f"{count} {outcome}" for outcome, count in results.execute(OUTCOMES)]
        survivors = [diff for (diff,) in results.execute(SURVIVORS)]
    print(f"{module}: {', '.join(counts)}", flush=True)
    for diff in survivors:
        changed = (line for line in diff.splitlines() if line[:1] in {"-", "+"})
        print("\n".join(f"  {line}" for line in changed if line[:3] not in {"---", "+++"}))


if __name__ == "__main__":
    main()
