"""The report for people."""

from __future__ import annotations

from logconform.config import Waiver
from logconform.records import Place
from logconform.report import Look, render
from logconform.report.model import Environment
from tests.unit.test_report_model import PREFORK, THREADS, finding, report, scenario, verdict

TASK = "3f1c8e0a-7f0b-4c1f-9b53-2f8f6d0f7a11"
RETRYING = finding(
    line=48113,
    task_id=TASK,
    place=Place("worker.log.2", 48113, 9),
    message="says it is retrying, but no further execution follows",
    evidence='{"event": "Task failed, retrying", "retry_count": 3}',
    logger="app.tasks",
    event="Task failed, retrying",
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
        "not tested: 1 requirement (FMT008)\n"
        "\n"
        "RETRY003 violation: says it is retrying, but no further execution follows\n"
        "  --> worker.log.2:48113 (byte 9)  task 3f1c8e0a…\n"
        '   | {"event": "Task failed, retrying", "retry_count": 3}\n'
        '   = 1 of 2 checked (50 %), from app.tasks: "Task failed, retrying"\n'
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


def test_how_a_sample_was_read_is_told_and_what_could_not_be_read() -> None:
    """Packing and envelope are told where there are any; a problem stands above everything that was found."""
    sources = [
        {"path": "worker.log.1.gz", "bytes": 9, "compression": "gzip", "envelope": "docker"},
        {"path": "worker.log", "bytes": 9, "compression": None, "envelope": None},
    ]
    subject = {"kind": "sample", "paths": ["worker.log.1.gz", "worker.log"], "records": 2, "bytes": 18, "tasks": 1}
    unread = [f"{each}.log: no permission\x1b[2J; make it readable" for each in range(12)]
    made = text(verdict(FMT001=(1, 0)), subject={**subject, "sources": sources, "problems": unread})
    lines = made.splitlines()
    assert lines[0] == "conforms: 2 files, 2 records, 1 task, 18 bytes, against contract 1.0"
    assert lines[2:4] == [
        "read as: worker.log.1.gz (gzip, docker), worker.log (plain)",
        "problem: 0.log: no permission\\x1b[2J; make it readable",
    ]
    assert lines[13:15] == ["problem: and 2 more", ""]


def test_plain_files_need_no_word_on_how_they_were_read() -> None:
    """The usual case costs no line."""
    subject = {"kind": "sample", "paths": ["a.log"], "records": 1, "bytes": 9}
    plain = {"path": "a.log", "bytes": 9, "compression": None, "envelope": None}
    assert "read as" not in text(verdict(FMT001=(1, 0)), subject={**subject, "sources": [plain]})


def test_three_places_are_shown_and_the_rest_counted() -> None:
    """Twelve hundred findings of one cause stay readable; the total is exact."""
    many = [finding(line=number) for number in range(1, 1201)]
    assert findings_of(text(verdict(*many, RETRY003=(4803, 0)))) == (
        "RETRY003 violation: says retrying\n"
        "  --> worker.log:1 (byte 100)\n"
        "  --> worker.log:2 (byte 200)\n"
        "  --> worker.log:3 (byte 300)\n"
        "   = 1,200 of 4,803 checked (24.9 %)\n"
        "   = more: logconform explain RETRY003\n"
    )


def test_what_was_never_exercised_is_one_line() -> None:
    """Above the findings stands what the subject did not show, and what it left open; only of judged profiles."""
    lines = text(verdict(finding("FMT001"), RETRY003=(0, 2))).splitlines()
    assert [each for each in lines if "requirement" in each] == [
        "3 requirements: 1 violated, 1 not tested, 1 inconclusive (0 % passed)",
        "not tested: 1 requirement (FMT008)",
        "inconclusive: 1 requirement (RETRY003)",
    ]


def test_what_was_left_open_is_told_with_its_commonest_reasons() -> None:
    """And what was not tested, where that is the verdict; a long list is cut, and verbose tells all at the end."""
    stuck = scenario("inconclusive", reason="the worker did not answer 3 times")
    assert "inconclusive: 1 requirement (RETRY003)\n   = RETRY003: the worker did not answer 3 times\n" in text(
        verdict(FMT001=(1, 0)), scenarios=[stuck]
    )
    nothing = text(verdict(), scenarios=[scenario("not_tested", reason="no record in the log")])
    assert nothing.startswith("nothing tested: ")
    assert "   = RETRY003: no record in the log\n" in nothing
    assert "   = RETRY003" not in text(verdict(), scenarios=[stuck], look=Look(verbose=True))


def test_five_causes_are_shown_and_the_rest_counted() -> None:
    """Many causes of one requirement stay readable; the totals are exact."""
    found = [finding(line=number, message=f"cause {number // 10}") for number in range(10, 90)]
    made = findings_of(text(verdict(*found)))
    assert made.count("RETRY003 violation: cause ") == 5
    assert "\n\nRETRY003: and 3 more causes, 30 findings; --verbose shows them\n" in made
    assert text(verdict(*found), look=Look(verbose=True)).count("RETRY003 violation: cause ") == 8


def test_a_place_that_says_otherwise_than_its_cause_says_so() -> None:
    """Of one shape, each place has its own values."""
    found = [finding(line=each, shape="took … ms", message=f"took {each} ms") for each in (3, 4)]
    assert findings_of(text(verdict(*found))).startswith(
        "RETRY003 violation: took 3 ms\n"
        "  --> worker.log:3 (byte 300)\n"
        "  --> worker.log:4 (byte 400)\n"
        "   = here: took 4 ms\n"
        "   = 2 of 2 checked (100 %)\n"
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
        "  --> worker.log:1 (byte 100)\n"
        "  --> worker.log:2 (byte 200)\n"
        "   = 2 of 3 checked (66.6 %)\n"
        "   = fix: fix it\n"
        "   = more: logconform explain RETRY003\n"
        "\n"
        "RETRY003 violation: says it twice\n"
        "  --> worker.log:3 (byte 300)\n"
        "   = 1 of 3 checked (33.3 %)\n"
        "   = more: logconform explain RETRY003\n"
    )


def test_the_environment_is_named_where_there_are_several() -> None:
    """With one environment its name would only be noise."""
    verdicts = {"prefork-embedded": verdict(finding()), "threads-embedded": verdict(finding(task_id="7"))}
    made = text(verdicts, [PREFORK, THREADS])
    assert [line for line in made.splitlines() if "checked" in line] == [
        "   = 1 of 1 checked (100 %) in prefork-embedded",
        "   = 1 of 1 checked (100 %) in threads-embedded",
    ]
    assert "checked (100 %)\n" in text(verdict(finding()))


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


AGAIN = "logconform run --only RETRY003-8c1d --pool prefork --broker embedded"


def test_a_finding_of_a_scenario_names_the_command_that_runs_it_again() -> None:
    """What one scenario found needs no whole run to be seen again."""
    failed = scenario("violated", reproduce=AGAIN, short_id="RETRY003-8c1d")
    found = finding(scenario=failed.id)
    output = text(verdict(found, RETRY003=(4, 0)), scenarios=[failed])
    assert output.endswith(f"   = more: logconform explain RETRY003\n   = again: {AGAIN}\n")


def test_what_is_flaky_has_a_section() -> None:
    """In how many runs each scenario failed, and how to see it again; where, if there are several environments."""
    flaky = scenario("flaky", "threads-embedded", short_id="RETRY003-8c1d", runs=20, failed=3, reproduce=AGAIN)
    output = text({}, [PREFORK, THREADS], scenarios=[flaky])
    assert output.endswith(
        "\nflaky: 1 scenario failed in some runs, and passed in others\n"
        f"RETRY003-8c1d last attempt: failed in 3 of 20 runs in threads-embedded\n   = again: {AGAIN}\n"
    )
    steady = text(verdict(RETRY003=(1, 0)), scenarios=[scenario(runs=20)])
    assert steady.endswith("\n\nflaky: none, in 20 runs of each scenario\n")


def test_an_exercise_that_did_not_end_well_is_told() -> None:
    """One that passed is not."""
    failed = scenario("inconclusive", requirement=None, reason="the command exited with 3", reproduce=AGAIN)
    output = text(verdict(FMT001=(1, 0)), scenarios=[failed])
    told = f"exercise in prefork-embedded: inconclusive: the command exited with 3\n   = again: {AGAIN}\n"
    assert output.endswith(f"\n\n{told}")
    assert "exercise" not in text(verdict(FMT001=(1, 0)), scenarios=[scenario(requirement=None)])
