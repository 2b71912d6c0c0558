"""The Containerfile's own steps, executed in an empty folder, make a small program that runs."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parent.parent
CONTAINERFILE = (ROOT / "docs" / "container" / "Containerfile").read_text(encoding="utf-8")
EXAMPLES = ROOT / "docs" / "examples"
STAGES = CONTAINERFILE.split("\nFROM ")[1:]
PRUNED_MB = 62
COMPILED_MB = 15


def size_mb(folder: Path, *options: str) -> float:
    """Return what a folder takes on the disk, in MB."""
    said = subprocess.run(
        ["du", "-sk", *options, folder], capture_output=True, text=True, check=True
    )
    return int(said.stdout.split()[0]) / 1000


def copied(source: Path) -> None:
    """Copy what .dockerignore lets into a build."""
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    names = [line.removeprefix("!") for line in ignored if line.startswith("!")]
    assert names
    for name in names:
        if (ROOT / name).is_dir():
            without = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / name, source / name, ignore=without)
        else:
            shutil.copy(ROOT / name, source / name)


@pytest.mark.stack
def test_the_steps_of_the_container_make_a_program_that_runs(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "opt"
    source.mkdir()
    copied(source)
    first_stage = CONTAINERFILE.split("\nFROM ")[1]
    steps = re.findall(r"^RUN (.+)$", first_stage, flags=re.MULTILINE)
    assert len(steps) == 4
    for step in steps:
        here = step.replace("/opt/listing-sync", str(target)).replace("/source", str(source))
        here = re.sub(r"^python ", f"{sys.executable} ", here)
        done = subprocess.run(
            ["/bin/sh", "-ec", here], capture_output=True, text=True, check=False, cwd=tmp_path
        )
        assert done.returncode == 0, done.stderr
    entry = re.findall(r'^ENTRYPOINT \["(.+)"\]$', CONTAINERFILE, flags=re.MULTILINE)
    program = entry[0].replace("/opt/listing-sync", str(target))
    said = subprocess.run(
        [program, "health"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin"},
    )
    assert (said.returncode, "SUPABASE_URL: required" in said.stderr) == (78, True)
    probe = "import googleapiclient.discovery as d; d.build('sheets', 'v4', http=object())"
    subprocess.run([target / "bin" / "python", "-c", probe], check=True, cwd=tmp_path)
    assert size_mb(target, "--exclude=__pycache__") < PRUNED_MB
    assert size_mb(target) < PRUNED_MB + COMPILED_MB


def test_the_container_has_no_root_and_one_writable_place() -> None:
    named = [stage for stage in STAGES if " AS " in stage.split("\n")[0]]
    stages = {stage.split("\n")[0].split(" AS ")[1]: stage for stage in named}
    assert all(stage.startswith("base") for stage in (STAGES[-1], stages["serve"]))
    last_stage = stages["base"]
    assert re.findall(r"^USER (.+)$", last_stage, flags=re.MULTILINE) == ["65532:65532"]
    assert re.findall(r"^VOLUME (.+)$", last_stage, flags=re.MULTILINE) == ["/state"]
    assert "SYNC_STATE_DIR=/state" in last_stage


def test_the_cronjob_never_runs_twice_at_once_and_keeps_its_state() -> None:
    job, claim = yaml.safe_load_all((EXAMPLES / "kubernetes-cronjob.yaml").read_text())
    assert job["spec"]["concurrencyPolicy"] == "Forbid"
    run = job["spec"]["jobTemplate"]["spec"]
    assert run["activeDeadlineSeconds"] > 1800
    [container] = run["template"]["spec"]["containers"]
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    mounted = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    volumes = {volume["name"]: volume for volume in run["template"]["spec"]["volumes"]}
    assert mounted.keys() == volumes.keys()
    assert mounted["state"] == "/state"
    name = volumes["state"]["persistentVolumeClaim"]["claimName"]
    assert name == claim["metadata"]["name"]


def test_the_workflow_of_github_saves_its_state_whatever_happens() -> None:
    workflow = yaml.safe_load((EXAMPLES / "github-actions.yaml").read_text())
    steps = workflow["jobs"]["sync"]["steps"]
    used = [step.get("uses", step.get("run")) for step in steps]
    assert used[-3:] == ["pip install .", "listing-sync sync all", "actions/cache/save@v4"]
    assert steps[-1]["if"] == "always()"
    assert workflow["concurrency"]["cancel-in-progress"] is False
    assert workflow["jobs"]["sync"]["env"]["SYNC_STATE_DIR"].endswith("/state")


BASE = re.findall(r"^FROM (\S+/\S+)", CONTAINERFILE, flags=re.MULTILINE)[-1]
# Inside another container the steps share its root, as no runtime can be started there.
BUILDERS = {
    "buildah": ("build", "--isolation", "chroot", "--network", "host"),
    "podman": ("build", "--isolation", "chroot", "--network", "host"),
    "docker": ("build", "--network", "host"),
}


def asked(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)


@pytest.fixture(scope="module")
def image() -> Iterator[tuple[str, str]]:
    """A builder of this machine, and the image that it makes of the Containerfile."""
    names = [name for name in BUILDERS if shutil.which(name) and not asked(name, "info").returncode]
    if not names:
        pytest.skip("no buildah, podman or docker works here: its steps are executed instead")
    builder, tag = names[0], "localhost/listing-sync-of-the-tests"
    if asked(builder, "inspect", BASE).returncode and asked(builder, "pull", BASE).returncode:
        pytest.skip(f"{BASE} cannot be fetched here")
    file = str(ROOT / "docs" / "container" / "Containerfile")
    made = asked(builder, *BUILDERS[builder], "--file", file, "--tag", tag, str(ROOT))
    assert made.returncode == 0, made.stderr
    yield builder, tag
    asked(builder, "rmi", tag)


@pytest.mark.stack
def test_a_builder_makes_an_image_that_runs_as_nobody(image: tuple[str, str]) -> None:
    builder, tag = image
    if builder == "buildah":
        container = asked(builder, "from", tag).stdout.strip()
        run = ["run", "--isolation", "chroot", container, "/opt/listing-sync/bin/listing-sync"]
    else:
        run = ["run", "--rm", "--read-only", "--tmpfs", "/tmp", tag]
    said = asked(builder, *run, "health")
    assert "SUPABASE_URL: required" in said.stderr
    shown = asked(builder, *run, "settings")
    assert re.search(r"^SYNC_STATE_DIR +environment +/state$", shown.stdout, re.MULTILINE)
    if builder == "buildah":
        asked(builder, "rm", container)
