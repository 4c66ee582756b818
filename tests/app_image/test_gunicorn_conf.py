"""How many processes gunicorn starts, and what its settings accept. No engine is needed."""

import runpy
from pathlib import Path
from typing import Any

import pytest

CONF = "docker/app/gunicorn.conf.py"


def read(example: Path) -> dict[str, Any]:
    """Return the names that the configuration defines."""
    return runpy.run_path(str(example / CONF))


@pytest.mark.parametrize(("line", "cpus"), [("150000 100000", 2), ("50000 100000", 1), ("400000 100000", 4)])
def test_limit_of_cgroup_v2_is_read(example: Path, tmp_path: Path, line: str, cpus: int) -> None:
    (tmp_path / "cpu.max").write_text(f"{line}\n")

    assert read(example)["cpus"](tmp_path) == cpus


@pytest.mark.parametrize(("quota", "cpus"), [(150_000, 2), (50_000, 1), (400_000, 4)])
def test_limit_of_cgroup_v1_is_read(example: Path, tmp_path: Path, quota: int, cpus: int) -> None:
    (tmp_path / "cpu").mkdir()
    (tmp_path / "cpu/cpu.cfs_quota_us").write_text(f"{quota}\n")
    (tmp_path / "cpu/cpu.cfs_period_us").write_text("100000\n")

    assert read(example)["cpus"](tmp_path) == cpus


@pytest.mark.parametrize("files", [{}, {"cpu.max": "max 100000\n"}, {"cpu/cpu.cfs_quota_us": "-1\n"}])
def test_without_a_limit_all_cpus_count(
    example: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, str]
) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: range(48))
    (tmp_path / "cpu").mkdir()
    (tmp_path / "cpu/cpu.cfs_period_us").write_text("100000\n")
    for name, text in files.items():
        (tmp_path / name).write_text(text)

    conf = read(example)

    assert conf["cpus"](tmp_path) == 48


def test_processes_stay_between_two_and_four(example: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for machine, workers in ((1, 2), (3, 3), (48, 4)):
        monkeypatch.setattr("os.sched_getaffinity", lambda _, machine=machine: range(machine))
        assert read(example)["workers"] == workers


def test_environment_wins(example: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEB_CONCURRENCY", "7")
    monkeypatch.setenv("GUNICORN_THREADS", "2")

    conf = read(example)

    assert (conf["workers"], conf["threads"]) == (7, 2)


def test_what_is_no_number_is_refused(example: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GUNICORN_TIMEOUT", "30s")

    with pytest.raises(SystemExit, match="GUNICORN_TIMEOUT=30s: give a whole number"):
        read(example)
