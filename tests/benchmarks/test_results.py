"""The table says what was measured, and never makes it look better."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.benchmarks import page, results
from tests.benchmarks.contenders import AJV, JSONSCHEMA, OURS, PARSE_ONLY, SOURCEMETA
from tests.benchmarks.measure import Memory
from tests.benchmarks.page import Line, markers
from tests.benchmarks.parse_only import parse, parts_of
from tests.benchmarks.results import Results


def measured() -> Results:
    return Results(
        records=1_000_000,
        size=400_000_000,
        seed=7,
        jobs=2,
        rounds=2,
        seconds={OURS: [2.2001, 3.0], PARSE_ONLY: [1.0, 1.5], AJV: [9.0], JSONSCHEMA: [1.0]},
        counted={OURS: 1_000_000, PARSE_ONLY: 1_000_000, AJV: 1_000_000, JSONSCHEMA: 5_000},
        missing={SOURCEMETA: "npm is not on the PATH"},
        wrong_seconds=[11.0005],
        memory={"all": Memory(300.2, 200.0, 350.0, 3), "large": Memory(340.0, 200.0, 350.0, 3)},
        first_output=[0.7, 0.59],
        small=[0.5],
        nothing=[0.02],
    )


def test_the_best_round_counts_and_ratios_are_rounded_for_the_worse() -> None:
    """A ratio that just misses what is wanted does not read as if it met it."""
    lines = {line.about: line for line in measured().lines()}
    parse_only = lines["orjson.loads only, 2 processes"]
    assert (parse_only.ratio, parse_only.met) == ("2.21 × its time", False)
    assert lines["every record wrong"].ratio == "5.00 × as long"
    assert lines["Ajv 8 on Node, 1 process"].ratio == "4.0 × its throughput"
    assert lines["Python jsonschema, 1 process"].ratio == "90.9 × its throughput"
    assert lines["peak memory, large"] == Line(
        "peak memory, large", "340 MB (processes: 3; sum of RSS: 350 MB)", "1.14 × as much", "the same", False
    )
    assert lines["1,000 records"].met is True


def test_a_tool_that_is_missing_is_told() -> None:
    """Its line says why it was not measured, and nothing is met or missed."""
    line = next(line for line in measured().lines() if line.about.startswith(SOURCEMETA))
    assert line == Line(
        "sourcemeta jsonschema, 1 process", "not measured: npm is not on the PATH", wanted="at least 8 ×"
    )


def test_the_page_keeps_its_prose(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what stands between the markers is replaced, however often."""
    monkeypatch.setattr(page, "DOCS", tmp_path)
    path, (begin, end) = tmp_path / "performance.md", markers(results.NAME)
    path.write_text(f"before\n\n{begin}\nold\n{end}\n\nafter\n", encoding="utf-8")
    results.write(measured())
    once = path.read_text(encoding="utf-8")
    results.write(measured())
    assert path.read_text(encoding="utf-8") == once
    assert once.startswith(f"before\n\n{begin}\n\n1,000,000 records")
    assert once.endswith(f"{end}\n\nafter\n")
    assert "old" not in once


def test_a_page_without_markers_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The table has no place then."""
    monkeypatch.setattr(page, "DOCS", tmp_path)
    (tmp_path / "performance.md").write_text("prose\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"performance\.md has no"):
        results.write(measured())


@pytest.mark.parametrize("jobs", [1, 2, 3, 7])
def test_the_parts_of_a_file_hold_every_line_once(jobs: int, tmp_path: Path) -> None:
    """Wherever it is cut."""
    path = tmp_path / "sample"
    path.write_bytes(b"".join(b'{"a": "%s"}\n' % (b"x" * number) for number in range(100)))
    parts = parts_of(path, jobs)
    assert len(parts) == jobs
    assert sum(parse(path, *part) for part in parts) == 100
