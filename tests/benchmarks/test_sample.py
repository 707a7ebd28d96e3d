"""The generated sample conforms, is as long as was asked, follows from its seed, and holds the faults that it names."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner

from logconform.cli import main
from tests.benchmarks.sample import Planted, write_sample

RECORDS = 3_000


def sample(seed: int, records: int = RECORDS, **options: Any) -> tuple[bytes, list[Planted]]:
    stream = io.BytesIO()
    planted = write_sample(stream, seed, records, **options)
    return stream.getvalue(), planted


def report(data: bytes, folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Judge a sample without this repository's own configuration."""
    monkeypatch.chdir(folder)
    Path("worker.log").write_bytes(data)
    made: dict[str, Any] = json.loads(CliRunner().invoke(main, ["check", "worker.log", "--format", "json"]).stdout)
    return made


@pytest.mark.parametrize("seed", [1, 7, 8])
def test_a_sample_conforms(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It violates nothing, gives no warning, and leaves nothing undecided."""
    made = report(sample(seed)[0], tmp_path, monkeypatch)
    assert made["summary"]["verdict"] == "conforms"
    assert made["findings"] == []
    assert {each["status"] for each in made["requirements"]} == {"passed", "not_tested"}


@pytest.mark.parametrize("records", [200, 1_234])
def test_a_sample_has_as_many_records_as_were_asked_for(records: int) -> None:
    """Not one more or less."""
    assert sample(7, records)[0].count(b"\n") == records


def test_a_sample_has_as_many_tasks_as_were_asked_for() -> None:
    """Tasks that other tasks send are among them."""
    tasks = {orjson.loads(line).get("task_id") for line in sample(7, tasks=200)[0].splitlines()} - {None}
    assert len(tasks) == 200


def test_a_sample_follows_from_its_seed() -> None:
    """The same seed gives the same bytes, another one others."""
    assert sample(7) == sample(7)
    assert sample(7) != sample(8)


def test_lines_are_written_as_orjson_writes_them() -> None:
    """They are compact, and non-ASCII stands for itself but for U+2028, as in the reference worker."""
    for line in sample(7)[0].splitlines():
        assert orjson.dumps(orjson.loads(line)).replace("\u2028".encode(), b"\\u2028") == line


@pytest.mark.parametrize("seed", [7, 8, 9])
def test_three_planted_faults_are_three_causes(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """200 tasks with a leaked tenant, a lost failure and a repeated key: each at its line, nothing else."""
    data, planted = sample(seed, tasks=200, faults=("leak", "lost", "repeated-key"))
    made = report(data, tmp_path, monkeypatch)
    found = sorted((each["requirement"], each["line"]) for each in made["findings"])
    assert found == sorted((each.requirement, each.line) for each in planted)
    assert [requirement for requirement, _ in found] == ["CTX005", "FAIL001", "FMT002"]


def test_every_record_can_be_wrong() -> None:
    """Then no timestamp is RFC 3339 with a T."""
    lines = sample(7, faults=("every-record",))[0].splitlines()
    assert all(orjson.loads(line)["timestamp"][10] == " " for line in lines)
