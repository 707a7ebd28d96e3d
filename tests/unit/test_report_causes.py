"""The causes of a report: what findings have in common."""

from __future__ import annotations

from typing import Any

from logconform.findings import CAUSES_KEPT, OTHER_CAUSES, PLACES_KEPT, Finding, Verdict
from logconform.records import Place
from tests.unit.test_report_model import PREFORK, THREADS, finding, report, scenario, verdict


def causes(*args: Any, **rest: Any) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = report(*args, **rest)["causes"]
    return made


def test_a_cause_is_exactly_this() -> None:
    """A cause says what is wrong, on which records, how often, where first, and what to do."""
    shown = {"logger": "app.tasks", "event": "Task failed", "shape": "took … ms", "fix": "measure once"}
    found = [finding(line=each, task_id="3f1c", evidence="{}", message=f"took {each} ms", **shown) for each in (7, 3)]
    assert causes(verdict(*found)) == [
        {
            "requirement": "RETRY003",
            "level": "MUST",
            "message": "took 3 ms",
            "logger": "app.tasks",
            "event": "Task failed",
            "shape": "took … ms",
            "fix": "measure once",
            "environment": "prefork-embedded",
            "total": 2,
            "places": [
                {
                    "path": "worker.log",
                    "line": line,
                    "offset": line * 100,
                    "task_id": "3f1c",
                    "evidence": "{}",
                    "message": f"took {line} ms",
                    "scenario": None,
                }
                for line in (3, 7)
            ],
        }
    ]


def test_causes_stand_by_requirement_environment_and_first_place() -> None:
    """The contract's order comes first, then environments, then the sample's order of sources."""
    late = finding(message="late", place=Place("a.log", 1, 0, source=1))
    early = finding(message="early", place=Place("b.log", 9, 900, source=0))
    found = {
        "threads-embedded": verdict(finding("FMT001"), finding()),
        "prefork-embedded": verdict(late, early, finding(message="nowhere", place=None)),
    }
    assert [
        (each["requirement"], each["environment"], each["message"]) for each in causes(found, [THREADS, PREFORK])
    ] == [
        ("FMT001", "threads-embedded", "says retrying"),
        ("RETRY003", "prefork-embedded", "early"),
        ("RETRY003", "prefork-embedded", "late"),
        ("RETRY003", "prefork-embedded", "nowhere"),
        ("RETRY003", "threads-embedded", "says retrying"),
    ]


def test_logger_event_and_shape_tell_causes_apart() -> None:
    """What differs in one of them has another origin, and so another remedy."""
    base = {"logger": "a", "event": "b", "shape": "c"}
    found = [finding(line=1, **base), finding(line=2, **base)]
    found += [finding(line=3 + number, **{**base, name: "x"}) for number, name in enumerate(base)]
    assert [each["total"] for each in causes(verdict(*found))] == [2, 1, 1, 1]


def test_places_are_capped_and_totals_exact() -> None:
    """A million findings of one cause are one entry with five places."""
    [only] = causes(verdict(*[finding(line=each) for each in range(1200, 0, -1)]))
    assert only["total"] == 1200
    assert [each["line"] for each in only["places"]] == list(range(1, PLACES_KEPT + 1))


def test_causes_beyond_the_cap_are_one() -> None:
    """The totals of all causes add up to the violations, however many there are."""
    made = report(verdict(*[finding(line=each, message=f"cause {each}") for each in range(1, CAUSES_KEPT + 51)]))
    assert len(made["causes"]) == CAUSES_KEPT + 1
    assert sum(each["total"] for each in made["causes"]) == made["findings_total"]["RETRY003"] == CAUSES_KEPT + 50
    assert [each["total"] for each in made["causes"] if each["shape"] == OTHER_CAUSES] == [50]


def test_a_violated_scenario_is_a_cause() -> None:
    """What only a scenario saw has no logger or event, and names the scenario as its place."""
    [only] = causes(scenarios=[scenario("violated", reason="it said retrying")])
    assert (only["message"], only["logger"], only["event"], only["total"]) == ("it said retrying", None, None, 1)
    assert [each["scenario"] for each in only["places"]] == ["features/retry.feature::last attempt"]


def test_a_cause_that_lost_its_first_places_shows_others() -> None:
    """Findings that are taken out again leave the total exact and the entry whole."""
    found = [finding(line=each) for each in range(1, 9)]
    left = verdict(*found).without(verdict(*found[:PLACES_KEPT]))
    [only] = causes(left)
    assert (only["total"], [each["line"] for each in only["places"]]) == (3, [6, 7, 8])
    bare = Verdict()
    bare.causes = {("RETRY003", "app", None, "says retrying"): verdict(finding()).causes[finding().cause].__class__(4)}
    [nowhere] = causes(bare)
    assert (nowhere["message"], nowhere["total"], nowhere["places"]) == ("says retrying", 4, [])


def test_what_a_cause_quotes_is_redacted_and_bounded() -> None:
    """An event may be a whole text, with a password in it."""
    secret = "https://ann:hunter2hunter2@host/x"
    found = finding(event=f"GET {secret} " + "x" * 5000, message=secret, evidence=secret, logger=secret, shape=secret)
    [only] = causes(verdict(found))
    assert "hunter2hunter2" not in str(only)
    assert len(only["event"]) == 201


def test_evidence_is_made_of_the_line_where_nobody_made_it() -> None:
    """A finding that still holds its line's bytes comes out with an excerpt, without secrets."""
    raw = b'{"event": "Login", "password": "hunter2"}\n'
    made = report(verdict(Finding("RETRY003", "says retrying", Place("worker.log", 1, 0), raw=raw)))
    expected = '{"event": "Login", "password": "[redacted]"}'
    assert [made["findings"][0]["evidence"], made["causes"][0]["places"][0]["evidence"]] == [expected, expected]
