"""cron.example, systemd units, alerting rules and dashboard: what people copy must work."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml

from listing_sync.history.verdict import CheckName
from listing_sync.signals.metrics_file import HELP

ROOT = Path(__file__).parent.parent
MONITORING = ROOT / "docs" / "monitoring"
SYSTEMD = ROOT / "docs" / "systemd"
CRON = (ROOT / "cron.example").read_text(encoding="utf-8")
PROGRAM = "/opt/listing-sync/bin/listing-sync"
JOBS = [
    line.removeprefix("# ")
    for line in CRON.splitlines()
    if re.match(r"(# )?[*0-9/,-]+( [*0-9/,-]+){4} ", line)
]


def command_of(job: str) -> str:
    """Return what cron hands to the shell: an escaped % is a %, any other ends the command."""
    command = job.split(maxsplit=5)[5]
    assert not re.search(r"(?<!\\)%", command), "cron takes a bare % for the end of the line"
    return command.replace(r"\%", "%")


# -- cron -----------------------------------------------------------------------------------------


def test_cron_example_has_the_job_and_what_surrounds_it() -> None:
    names = re.findall(r"^([A-Z_]+)=", CRON, flags=re.MULTILINE)
    assert names == ["SHELL", "PATH", "MAILTO", "CONTENT_TYPE"]
    assert len(JOBS) == 4
    assert CRON.endswith("\n")


@pytest.mark.parametrize("job", JOBS)
def test_a_job_of_cron_is_understood_by_its_shell(job: str) -> None:
    subprocess.run(["/bin/sh", "-n", "-c", command_of(job)], check=True)


@pytest.mark.parametrize("job", JOBS)
def test_a_job_of_cron_names_program_and_settings_in_full(job: str) -> None:
    command = command_of(job)
    assert f"{PROGRAM} --env-file /home/" in command or "cd /home/" in command


def test_no_comment_follows_a_value_or_command() -> None:
    lines = [line for line in CRON.splitlines() if not line.startswith("#")]
    assert not any(" #" in line for line in lines)


def test_the_jitter_stays_within_a_minute() -> None:
    sleep = re.search(r"sleep (\$\(.*?\));", command_of(JOBS[0]))
    assert sleep is not None
    shell = subprocess.run(
        ["/bin/sh", "-c", f"echo {sleep[1]}"], check=True, capture_output=True, text=True
    )
    assert 0 <= int(shell.stdout) < 60


@pytest.mark.parametrize(("code", "mail"), [(0, ""), (2, "UNHEALTHY\n")], ids=["well", "not well"])
def test_the_morning_check_mails_only_what_is_not_well(
    tmp_path: Path, code: int, mail: str
) -> None:
    program = tmp_path / "listing-sync"
    program.write_text(f"#!/bin/sh\necho UNHEALTHY\nexit {code}\n", encoding="utf-8")
    program.chmod(0o700)
    (job,) = [job for job in JOBS if " health " in job]
    command = command_of(job).replace(PROGRAM, str(program))
    shell = subprocess.run(["/bin/sh", "-c", command], check=False, capture_output=True, text=True)
    assert shell.stdout == mail


# -- systemd --------------------------------------------------------------------------------------


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze here")
def test_systemd_takes_the_units(tmp_path: Path) -> None:
    for unit in SYSTEMD.glob("listing-sync*"):
        text = unit.read_text(encoding="utf-8").replace(PROGRAM, "/bin/true")
        name = unit.name.replace("@.", "@x.")
        (tmp_path / name).write_text(text, encoding="utf-8")
    units = sorted(str(path) for path in tmp_path.iterdir())
    assert len(units) == 4
    checked = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *units],
        check=False,
        capture_output=True,
        text=True,
    )
    assert (checked.returncode, checked.stderr) == (0, "")


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze here")
def test_the_service_is_as_closed_as_a_program_on_the_network_can_be() -> None:
    judged = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", SYSTEMD / "listing-sync.service"],
        check=False,
        capture_output=True,
        text=True,
        env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "SYSTEMD_COLORS": "0"},
    )
    found = re.search(r"Overall exposure level .*: ([0-9.]+)", judged.stdout)
    assert found, judged.stderr
    assert float(found[1]) < 1.3


def test_the_units_close_what_costs_nothing() -> None:
    service = (SYSTEMD / "listing-sync.service").read_text(encoding="utf-8").splitlines()
    for option in ("PrivateUsers", "PrivateMounts", "RemoveIPC", "MemoryDenyWriteExecute"):
        assert f"{option}=yes" in service
    alert = (SYSTEMD / "listing-sync-alert@.service").read_text(encoding="utf-8")
    assert "\nUser=listing-sync\n" in alert


def test_no_package_of_the_stack_runs_a_script_when_it_is_installed() -> None:
    lines = (ROOT / "tests" / "stack" / ".npmrc").read_text(encoding="utf-8").splitlines()
    assert "ignore-scripts=true" in lines


def test_the_door_leaves_its_run_alone_when_it_is_stopped_and_is_closed_as_the_service() -> None:
    door = (SYSTEMD / "listing-sync-serve.service").read_text(encoding="utf-8").splitlines()
    assert {"KillMode=process", "RestartPreventExitStatus=2 78"} <= {*door}
    service = (SYSTEMD / "listing-sync.service").read_text(encoding="utf-8").splitlines()
    closing = service[service.index("CapabilityBoundingSet=") :]
    assert door[door.index("CapabilityBoundingSet=") :][: len(closing)] == closing


def test_the_service_counts_partial_busy_and_stopped_as_no_failure() -> None:
    service = (SYSTEMD / "listing-sync.service").read_text(encoding="utf-8")
    assert "\nSuccessExitStatus=1 75 143\n" in service


# -- monitoring -----------------------------------------------------------------------------------


def metrics_in(text: str) -> set[str]:
    return set(re.findall(r"\blisting_sync_[a-z_]+", text)) - {"listing_sync_"}


@pytest.mark.parametrize("name", ["prometheus-alerts.yml", "grafana-dashboard.json"])
def test_rules_and_dashboard_ask_for_metrics_that_exist(name: str) -> None:
    asked = metrics_in((MONITORING / name).read_text(encoding="utf-8"))
    assert asked
    assert asked <= set(HELP)


def test_every_metric_is_documented() -> None:
    readme = (MONITORING / "README.md").read_text(encoding="utf-8")
    lines = [line for line in readme.splitlines() if line.startswith("| listing_sync_")]
    documented: set[str] = set()
    for line in lines:
        first, *others = line.split("|")[1].strip().split(", ")
        first = first.partition("{")[0]
        documented |= {first}
        documented |= {f"listing_sync_last_run{other.partition('{')[0]}" for other in others}
    assert documented == set(HELP)


def test_every_check_of_health_is_documented() -> None:
    readme = (MONITORING / "README.md").read_text(encoding="utf-8")
    table = readme.split("| check | not ok when |")[1].split("\n\n")[0]
    documented = [
        name.strip() for line in table.splitlines()[2:] for name in line.split("|")[1].split(",")
    ]
    assert sorted(documented) == sorted(name.value for name in CheckName)


def test_each_rule_says_what_to_do() -> None:
    rules = yaml.safe_load((MONITORING / "prometheus-alerts.yml").read_text(encoding="utf-8"))
    (group,) = rules["groups"]
    names = [rule["alert"] for rule in group["rules"]]
    assert len(set(names)) == len(names) == 7
    for rule in group["rules"]:
        assert set(rule) == {"alert", "expr", "for", "labels", "annotations"}
        assert set(rule["annotations"]) == {"summary", "description"}
        assert rule["labels"]["severity"] in {"critical", "warning"}
        assert rule["expr"].count("(") == rule["expr"].count(")")


def test_panels_of_the_dashboard_do_not_overlap() -> None:
    board = json.loads((MONITORING / "grafana-dashboard.json").read_text(encoding="utf-8"))
    panels = board["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    for one, other in combinations([panel["gridPos"] for panel in panels], 2):
        assert not _overlap(one, other)


def _overlap(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return (
        one["x"] < other["x"] + other["w"]
        and other["x"] < one["x"] + one["w"]
        and one["y"] < other["y"] + other["h"]
        and other["y"] < one["y"] + one["h"]
    )


# -- issue forms and hooks ------------------------------------------------------------------------

FORMS = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))


@pytest.mark.parametrize("form", [each for each in FORMS if each.name != "config.yml"], ids=str)
def test_an_issue_form_has_what_github_asks_of_it(form: Path) -> None:
    document = yaml.safe_load(form.read_text(encoding="utf-8"))
    assert {"name", "description", "body"} <= document.keys()
    asked = [each for each in document["body"] if each["type"] != "markdown"]
    assert {each["type"] for each in asked} <= {"input", "textarea", "dropdown", "checkboxes"}
    ids = [each["id"] for each in asked]
    assert len(ids) == len(set(ids))
    assert all(each["attributes"]["label"] for each in asked)
    assert all(each["attributes"].get("options") for each in asked if each["type"] == "dropdown")


def test_the_hooks_run_what_the_makefile_runs() -> None:
    text = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    [repository] = yaml.safe_load(text)["repos"]
    entries = {hook["entry"].split()[0] for hook in repository["hooks"]}
    assert entries == {".venv/bin/ruff", ".venv/bin/mypy"}
