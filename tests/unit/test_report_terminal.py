"""The report for people."""

from __future__ import annotations

from logconform.config import Waiver
from logconform.records import Place
from logconform.report import Look, render
from logconform.report.model import Environment
from tests.unit.test_report_model import PREFORK, THREADS, finding, report, verdict

TASK = "3f1c8e0a-7f0b-4c1f-9b53-2f8f6d0f7a11"
RETRYING = finding(
    line=48113,
    task_id=TASK,
    place=Place("worker.log.2", 48113, 9),
    message="says it is retrying, but no further execution follows",
    evidence='{"event": "Task failed, retrying", "retry_count": 3}',
    fix="write the record from the `task_retry` signal",
)


def text(*args: object, look: Look | None = None, **rest: object) -> str:
    return render(report(*args, **rest), "text", look)  # type: ignore[arg-type]


def findings_of(output: str) -> str:
    """Return what stands below the table."""
    return output.split("\n\n", 2)[2]


def test_the_whole_output_is_exactly_this() -> None:
    """The verdict comes first, then what was counted, then what is wrong and what to do about it."""
    assert text(verdict(RETRYING, FMT001=(3, 0), RETRY003=(2, 0))) == (
        "does not conform: billing:app on prefork-embedded, against contract 1.0\n"
        "3 requirements: 1 passed, 1 violated, 1 not tested (33 % passed)\n"
        "\n"
        "profile    area   passed  violated  warned  not tested  inconclusive  waived\n"
        "core       FMT         1         -       -           1             -       -\n"
        "retry      RETRY       -         1       -           -             -       -\n"
        "tracing *  TRACE       -         -       -           1             -       -\n"
        "* not judged\n"
        "\n"
        "RETRY003 violation: says it is retrying, but no further execution follows\n"
        "  --> worker.log.2:48113  task 3f1c8e0a…\n"
        '   | {"event": "Task failed, retrying", "retry_count": 3}\n'
        "   = fix: write the record from the `task_retry` signal\n"
        "   = more: logconform explain RETRY003\n"
    )


def test_a_sample_is_named_with_what_was_read_of_it() -> None:
    """The first line says how much the verdict rests on."""
    subject = {"kind": "sample", "paths": ["a.log", "b.log"], "records": 1204, "bytes": 481_022}
    made = text(verdict(FMT001=(1, 0)), subject=subject)
    assert made.startswith("conforms: 2 files, 1,204 records, 481.0 kB, against contract 1.0\n")
    stopped = text(verdict(FMT001=(1, 0)), subject={**subject, "partial": True})
    assert stopped.startswith("conforms: 2 files, 1,204 records, 481.0 kB, stopped before the end, against")


def test_three_places_are_shown_and_the_rest_counted() -> None:
    """Twelve hundred findings of one cause stay readable; the total is exact."""
    many = [finding(line=number) for number in range(1, 1201)]
    assert findings_of(text(verdict(*many))) == (
        "RETRY003 violation: says retrying\n"
        "  --> worker.log:1\n"
        "  --> worker.log:2\n"
        "  --> worker.log:3\n"
        "   = and 1,197 more\n"
        "   = more: logconform explain RETRY003\n"
    )


def test_verbose_shows_every_finding_that_was_kept_whole() -> None:
    """Verbose shows whole ids and whole evidence, and why requirements were not tested."""
    long = "x" * 500
    found = [finding(line=number, task_id=TASK, evidence=long) for number in range(1, 5)]
    made = text(verdict(*found), look=Look(verbose=True), reasons={"FMT001": "no line was read"})
    assert made.count(f"task {TASK}\n") == 4
    assert made.count(f"   | {long}\n") == 4
    assert "more\n" not in made.replace("= more", "")
    assert made.endswith(
        "\n\nFMT001 not tested: no line was read\n"
        "FMT008 not tested\n"
        "TRACE001 not tested: the profile tracing is not judged\n"
    )


def test_long_evidence_is_cut() -> None:
    """Evidence shows what a record is, not all of it."""
    assert f"   | {'x' * 240}…\n" in text(verdict(finding(evidence="x" * 241)))
    assert f"   | {'x' * 240}\n" in text(verdict(finding(evidence="x" * 240)))
    assert f"   | {'x' * 394}…\n" in text(verdict(finding(evidence="x" * 500)), look=Look(width=400))


def test_different_messages_of_one_requirement_are_told_apart() -> None:
    """Findings are grouped by cause; the remedy stands once per group."""
    made = text(
        verdict(finding(line=1, fix="fix it"), finding(line=2, fix="fix it"), finding(line=3, message="says it twice"))
    )
    assert findings_of(made) == (
        "RETRY003 violation: says retrying\n"
        "  --> worker.log:1\n"
        "  --> worker.log:2\n"
        "   = fix: fix it\n"
        "\n"
        "RETRY003 violation: says it twice\n"
        "  --> worker.log:3\n"
        "   = more: logconform explain RETRY003\n"
    )


def test_the_environment_is_named_where_there_are_several() -> None:
    """With one environment its name would only be noise."""
    verdicts = {"prefork-embedded": verdict(finding()), "threads-embedded": verdict(finding(task_id="7"))}
    made = text(verdicts, [PREFORK, THREADS])
    assert "  --> worker.log:1  prefork-embedded\n  --> worker.log:1  task 7  threads-embedded\n" in made


def test_warnings_waived_and_unjudged_findings_are_called_so() -> None:
    """Only what decides the verdict is called a violation without more."""
    made = text(verdict(finding("FMT008"), finding(), finding("TRACE001")), waivers=[Waiver("RETRY003", "known")])
    titles = [line for line in made.splitlines() if line.endswith(": says retrying")]
    assert titles == [
        "FMT008 warning: says retrying",
        "RETRY003 waived: says retrying",
        "TRACE001 violation, not judged: says retrying",
    ]


def test_stale_waivers_are_told_with_their_remedy() -> None:
    """A run that fails for a waiver says for which, and why."""
    made = text(verdict(RETRY003=(1, 0)), waivers=[Waiver("RETRY003", "a library does it", environment="solo-*")])
    assert made.startswith("does not conform: ")
    assert findings_of(made) == (
        "RETRY003 stale waiver: covers nothing that was found in solo-*\n"
        "   | a library does it\n"
        "   = fix: remove the waiver, or give it a new date\n"
    )


def test_a_skipped_environment_is_told() -> None:
    """What did not run is not passed over."""
    made = text({}, [PREFORK, Environment("gevent-embedded", skipped="gevent is not installed")])
    assert "billing:app on prefork-embedded, against" in made
    assert "\ngevent-embedded was skipped: gevent is not installed\n" in made


def test_nothing_in_a_log_steers_the_terminal() -> None:
    """Escapes, line breaks, direction marks and Rich's own markup come out as text."""
    hostile = "\x1b[31mred\r\n\u202e[bold]x[/bold] :smile: \x9b \u2028"
    made = text(verdict(finding(evidence=hostile, message=hostile, task_id="\x1b[2J")), look=Look(colour=True))
    assert "\\x1b[31mred\\r\\n\\u202e[bold]x[/bold] :smile: \\x9b \\u2028" in made
    assert "\x1b[31mred" not in made
    assert "task \\x1b[2J" in made


def test_without_colour_there_are_no_escapes_and_with_it_there_are() -> None:
    """Files and pipes get plain text."""
    assert "\x1b[" not in text(verdict(RETRYING))
    assert "\x1b[1;31mRETRY003 violation\x1b[0m: " in text(verdict(RETRYING), look=Look(colour=True))


def test_everything_but_findings_fits_into_80_columns() -> None:
    """The table keeps its shape in the narrowest usual terminal."""
    head = text(verdict(RETRYING)).split("\n\n")[1]
    assert max(map(len, head.splitlines())) <= 80
