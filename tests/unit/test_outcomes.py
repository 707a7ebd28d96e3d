"""The page of outcomes is what its data says, and the data does not depend on ids, times and races."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.outcomes import __main__ as command
from tests.outcomes import runner
from tests.outcomes.consequences import CONSEQUENCES
from tests.outcomes.families import FAMILIES, OUTCOMES
from tests.outcomes.observed import Cell, Run, Signal, Strand, observe
from tests.outcomes.page import page
from tests.outcomes.runner import Job, plan
from tests.outcomes.stage import PATIENCE_SECONDS, NotSettled, quiet_wanted
from tests.outcomes.table import DATA, PAGE, Table
from tests.outcomes.worker import POOLS

MAIN, CHILD = {"pid": 10, "strand": 1}, {"pid": 11, "strand": 1}
READY = {"signal": "ready", "context": "none", **MAIN}


def event(signal: str, where: dict[str, int], context: str = "own", task_id: str = "a", **facts: Any) -> dict[str, Any]:
    return {"signal": signal, "context": context, "task_id": task_id, **where, **facts}


def kept() -> Table:
    return Table.from_json(DATA.read_text("utf-8"))


def test_the_page_is_what_the_data_says() -> None:
    """Page and data can't drift apart: `make outcomes` writes one from the other."""
    assert PAGE.read_text("utf-8") == page(kept())


def test_the_data_survives_a_round_trip() -> None:
    """Reading the data and writing it again gives the same bytes."""
    assert kept().to_json() == DATA.read_text("utf-8")


def test_the_data_has_every_outcome_on_every_pool() -> None:
    """An outcome that is added to the catalogue has to be run."""
    table = kept()
    assert {name: list(row) for name, row in table.cells.items()} == dict.fromkeys(OUTCOMES, table.pools)
    assert set(POOLS) <= set(table.pools)


@pytest.mark.parametrize("consequence", CONSEQUENCES, ids=lambda each: each.text.split("**")[1])
def test_every_consequence_holds(consequence: Any) -> None:
    """What the page concludes is true of its tables."""
    assert consequence.holds(kept())


def test_what_no_longer_holds_is_left_out() -> None:
    """A consequence that the data contradicts does not get onto the page."""
    calm = Cell((Strand("main", (Signal("received", "none"), Signal("postrun", "own", state="SUCCESS"))),))
    table = Table({"killed": {"solo": calm}, "success": {"solo": calm}}, {"celery": "0"})
    assert "`task_postrun` is not certain" not in page(Table({**kept().cells, **table.cells}, table.versions))


def test_every_link_of_a_consequence_leads_to_an_outcome() -> None:
    """Consequences point at the outcomes in which they show."""
    linked = {name for each in CONSEQUENCES for name in re.findall(r"\(#([\w-]+)\)", each.text)}
    assert linked - set(OUTCOMES) == set()


def test_outcomes_have_names_of_their_own() -> None:
    """No two outcomes share a name, which is an anchor of the page."""
    assert len(OUTCOMES) == sum(len(family.outcomes) for family in FAMILIES)


def test_the_interleaving_of_processes_does_not_show() -> None:
    """Main process and child have an order each; how they interleave is a race, and leaves no trace."""
    main = [event("received", MAIN, "none"), event("failure", MAIN, "none", error="Lost", traceback="text")]
    child = [event("prerun", CHILD, "other"), event("postrun", CHILD, state="None")]
    expected = Cell(
        (
            Strand("main", (Signal("received", "none"), Signal("failure", "none", error="Lost", traceback="text"))),
            Strand("child", (Signal("prerun", "other"), Signal("postrun", "own", state="None"))),
        )
    )
    for events in ([READY, *main, *child], [READY, main[0], child[0], main[1], child[1]]):
        assert observe([Run("prefork (fork)", events, {"a": "task"})]) == expected


def test_repetitions_are_counted() -> None:
    """Equal signals in a row are one with a number; what differs in anything is another."""
    events = [READY, *[event("failure", MAIN, "none", error="E")] * 2, event("failure", MAIN, "none", error="F")]
    [strand] = observe([Run("solo", events, {"a": "task"})]).strands
    assert strand.signals == (Signal("failure", "none", error="E", times=2), Signal("failure", "none", error="F"))


def test_other_tasks_do_not_count() -> None:
    """The task that warms the worker up, and those of other outcomes, are not part of the story."""
    events = [READY, event("received", MAIN, task_id="warm-up"), event("received", MAIN, "other")]
    assert observe([Run("solo", events, {"a": "task"})]).strands == (Strand("main", (Signal("received", "other"),)),)


def test_tasks_are_named_where_there_are_several() -> None:
    """Signals of different tasks are told apart by the names that the outcome gave them."""
    events = [READY, event("received", MAIN, task_id="a"), event("received", MAIN, task_id="b")]
    [strand] = observe([Run("solo", events, {"a": "first", "b": "second"})]).strands
    assert [signal.task for signal in strand.signals] == ["first", "second"]


def test_a_timers_greenlet_is_not_the_tasks() -> None:
    """Strands that ran no task are one row, in an order that does not depend on which came first."""
    task, timer, other = ({"pid": 10, "strand": number} for number in (2, 3, 4))
    strange = [event("revoked", timer, "none"), event("failure", other, "none", error="E")]
    for late in (strange, strange[::-1]):
        cell = observe([Run("gevent", [READY, event("prerun", task, "none"), *late], {"a": "task"})])
        assert [each.place for each in cell.strands] == ["greenlet", "another greenlet"]
        assert [signal.signal for signal in cell.strands[1].signals] == ["failure", "revoked"]


def test_the_end_of_a_child_counts_where_it_ran_the_task() -> None:
    """Other children end too, when and as often as they like."""
    idle = {"pid": 12, "strand": 1}
    end = {"signal": "worker_process_shutdown", "context": "own", "exit_code": 0}
    events = [READY, event("prerun", CHILD, "none"), {**end, **CHILD}, {**end, **idle}]
    cell = observe([Run("prefork (fork)", events, {"a": "task"})], lifecycle=["worker_process_shutdown"])
    assert [(each.place, len(each.signals)) for each in cell.strands] == [("child", 2)]


def test_a_second_worker_that_gets_nothing_is_shown() -> None:
    """That a message was not redelivered is an observation too."""
    first = Run("solo", [READY, event("received", MAIN, "none")], {"a": "task"})
    cell = observe([first, Run("solo", [READY], {"a": "task"})])
    assert cell.strands[1:] == (Strand("main of worker 2", ()),)


@pytest.mark.parametrize(
    ("events", "seconds"),
    [
        pytest.param([("prerun", None), ("postrun", "SUCCESS")], 1.0, id="a clear ending"),
        pytest.param([("revoked", None)], 1.0, id="never runs"),
        pytest.param([], 9.0, id="not heard of"),
        pytest.param([("prerun", None)], 9.0, id="runs, or was killed"),
        pytest.param([("prerun", None), ("postrun", "RETRY")], 9.0, id="will be retried"),
        pytest.param([("prerun", None), ("postrun", "None")], 9.0, id="cut off"),
        pytest.param([("prerun", None), ("revoked", None)], PATIENCE_SECONDS, id="revoked while it runs"),
    ],
)
def test_how_long_the_runner_waits(events: list[tuple[str, str | None]], seconds: float) -> None:
    """The less clear an ending is, the longer the runner waits for more."""
    told = [event(name, MAIN, **({} if state is None else {"state": state})) for name, state in events]
    assert quiet_wanted(told, {"a": "task"}, 1.0, 9.0) == seconds


def test_only_harmless_outcomes_share_a_worker() -> None:
    """One job a pool for those that harm nothing, and one for each other."""
    jobs = plan([OUTCOMES["success"], OUTCOMES["killed"], OUTCOMES["retry"]], ["solo", "gevent"])
    assert [(job.pool, [each.name for each in job.outcomes]) for job in jobs] == [
        ("solo", ["success", "retry"]),
        ("gevent", ["success", "retry"]),
        ("solo", ["killed"]),
        ("gevent", ["killed"]),
    ]


@pytest.mark.parametrize("failures", [1, 2])
def test_a_job_that_was_too_slow_is_tried_once_more(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, failures: int
) -> None:
    """What a busy machine kept from happening is not an observation; twice is an error."""
    job, cell = Job("solo", (OUTCOMES["success"],)), Cell((), "exits with 7")
    results: list[Any] = [*[NotSettled("waited for it")] * failures, {("success", "solo"): cell}]

    def done(*_: Any) -> Any:
        if isinstance(results[0], Exception):
            raise results.pop(0)
        return results[0]

    monkeypatch.setattr(runner, "_done", done)
    told: list[str] = []
    if failures == 1:
        assert runner._done_at_last(job, None, tmp_path, told.append) == {("success", "solo"): cell}
    else:
        with pytest.raises(NotSettled):
            runner._done_at_last(job, None, tmp_path, told.append)
    assert told == ["solo: once more, because waited for it"]


def test_a_part_of_the_run_keeps_the_rest() -> None:
    """With `--only`, cells that were not run stay as they are."""
    new = Cell((), "exits with 7")
    table = command.merged({("success", "solo"): new}, whole=False)
    assert table.cells == {**kept().cells, "success": {**kept().cells["success"], "solo": new}}


@pytest.mark.parametrize("differs", [False, True])
def test_check_writes_nothing(monkeypatch: pytest.MonkeyPatch, differs: bool) -> None:
    """`--check` exits with 1 where the page would change, and with 0 where it would not."""
    before = DATA.read_bytes(), PAGE.read_bytes()
    known = kept()
    cells = {(name, pool): cell for name, row in known.cells.items() for pool, cell in row.items()}
    if differs:
        cells["success", "solo"] = Cell((), "exits with 7")
    monkeypatch.setattr(command, "run", lambda *_: cells)
    monkeypatch.setattr(command, "installed_versions", lambda: dict(known.versions))
    done = CliRunner().invoke(command.main, ["--check"])
    assert (done.exit_code, (DATA.read_bytes(), PAGE.read_bytes())) == (int(differs), before)
