"""The page: everything in its tables comes from the data, everything else from what is written of the outcomes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from tests.outcomes.consequences import CONSEQUENCES
from tests.outcomes.families import FAMILIES
from tests.outcomes.observed import Cell, Signal
from tests.outcomes.outcome import Outcome
from tests.outcomes.table import Table

MARKS = {"own": "+", "none": "∅", "other": "≠"}
NAMES = {"python": "Python", "celery": "Celery"}
ROUTINE = {"received", "prerun", "postrun", "worker_shutting_down", "worker_shutdown", "worker_process_shutdown"}
"""Signals that the overview leaves out."""

INTRODUCTION = """\
# What Celery does at each ending

A task can end in many ways, and Celery tells each of them by other signals: in another order, from another process,
with other arguments, and differently on each pool. Who writes handlers for these signals, for logs, metrics or traces,
needs to know which of them come, and what a handler can see there. This page lists it.

Nothing in its tables is written by hand. `make outcomes` brings each ending about in a real worker, on each pool, notes
every signal that fires, and writes this page; running it again gives the same page. The same as data:
[celery-outcomes.json](celery-outcomes.json).
"""

LEGEND = """\
## How to read it

Each worker takes one task at a time (`--concurrency 1`), with Celery's default settings but for `worker_lost_wait=1`
and what an outcome names. Before the outcome, it has run another task, so that what that one left behind can be seen. A
handler of `task_prerun` puts the task's id in a context variable, as structured logging does, and **nothing
ever clears it**. A mark behind each signal says what its handler then finds in that variable:

| mark | the context variable holds |
|---|---|
| `+` | the id of the task that the signal is about |
| `∅` | nothing: a log record written here carries no task |
| `≠` | the id of **another** task: a log record written here carries the wrong one |

At `prerun`, the mark says what the handler finds *before* it binds the new id. Where a signal is about no task, as when
the worker ends, every id is another's.

- Signals go by their names without `task_`: `prerun` is `task_prerun`.
- *main* is the worker's main process, *child* a child process of the prefork pool, *thread* and *greenlet* what a task
  runs in on the pools of that name; on solo, tasks run in the main process. A *child 2* is another one than the first.
- Signals of one row come in this order. Between rows, only this is certain: a task is received before it runs. Where a
  worker takes several tasks at a time, a task and its retry may run in two children, and then have no order either.
- `×2`: twice in a row.
- A *text traceback*: the argument `traceback` is a string, not a traceback object.
- *Sender lacks id*: `sender.request.id` is None; only the signal's own arguments name the task.
- Behind `postrun`, its argument `state`; behind `failure`, `internal_error` and `rejected`, the type of the exception.
- *exit code*: of the child process, as the signal tells it.
"""


def page(table: Table) -> str:
    """Return the page in Markdown."""
    parts = [INTRODUCTION, _versions(table), LEGEND, _consequences(table), _overview(table)]
    for family in FAMILIES:
        shown = [each for each in family.outcomes if each.name in table.cells]
        if shown:
            parts.append(f"## {family.title}\n\n{family.prose}\n")
            parts += [_section(each, table) for each in shown]
    return "\n".join(parts)


def _versions(table: Table) -> str:
    told = ", ".join(f"{NAMES.get(name, name)} {number}" for name, number in table.versions.items())
    return f"Made with {told}; Redis is broker and result backend.\n"


def _consequences(table: Table) -> str:
    lines = [f"- {each.text}" for each in CONSEQUENCES if each.holds(table)]
    head = "## What follows for handlers\n\nEach of these is held against the tables when the page is made.\n\n"
    return head + "\n".join(lines) + "\n"


def _overview(table: Table) -> str:
    """Return the table of all outcomes and pools; pools that never differ share a column."""
    groups = _alike(table.pools, lambda pool: [row.get(pool) for row in table.cells.values()])
    head = ["outcome", *(_joined(group) for group in groups)]
    rows = []
    for family in FAMILIES:
        for outcome in family.outcomes:
            if outcome.name in table.cells:
                row = table.cells[outcome.name]
                cells = [_brief(row[group[0]]) if group[0] in row else "" for group in groups]
                rows.append([f"[{outcome.title}](#{outcome.name})", *cells])
    prose = (
        "The argument `state` of `postrun` first, a dash where there is no `postrun`; then the signals besides "
        "`received`, `prerun` and `postrun`.\n"
    )
    return f"## At a glance\n\n{prose}\n{_table(head, rows)}\n"


def _brief(cell: Cell) -> str:
    every = [(each.place, signal) for each in cell.strands for signal in each.signals]
    states = [f"`{signal.state}`" for _, signal in every if signal.signal == "postrun"]
    told = [
        f"{signal.signal} {MARKS[signal.context]}{_times(signal)}"
        for _, signal in every
        if signal.signal not in ROUTINE
    ]
    ended = [f"**worker {cell.worker}**"] if cell.worker else []
    return "<br>".join([", ".join(states) or "–", *told, *ended])


def _section(outcome: Outcome, table: Table) -> str:
    row = table.cells[outcome.name]
    rows: list[list[str]] = []
    for group in _alike(list(row), lambda pool: row[pool]):
        name = "all" if len(group) == len(table.pools) else _joined(group)
        for place, told in _told(row[group[0]]):
            rows.append([name, place, told])
            name = ""
    head = f"### {outcome.title} {{ #{outcome.name} }}\n\n{outcome.prose}\n\n"
    return head + _table(["pool", "where", "signals"], rows) + "\n"


def _told(cell: Cell) -> list[tuple[str, str]]:
    rows = [(each.place, " → ".join(map(_signal, each.signals)) or "nothing") for each in cell.strands]
    if cell.worker:
        rows.append(("", f"**the worker {cell.worker}**"))
    return rows or [("", "no signal")]


def _signal(signal: Signal) -> str:
    task = f" [{signal.task}]" if signal.task else ""
    return f"{signal.signal}{task} {MARKS[signal.context]}{_times(signal)}{_facts(signal)}"


def _facts(signal: Signal) -> str:
    value = signal.state or signal.error
    remarks = [
        signal.why,
        f"{signal.traceback} traceback".replace("none", "no") if signal.traceback else "",
        *(f"no `{name}`" for name in signal.missing),
        "sender lacks id" if signal.sender_lacks_id else "",
        f"exit code {signal.exit_code}" if signal.exit_code is not None else "",
    ]
    told = ", ".join(filter(None, remarks))
    return (f" `{value}`" if value else "") + (f" ({told})" if told else "")


def _times(signal: Signal) -> str:
    return f" ×{signal.times}" if signal.times > 1 else ""


def _alike(pools: Sequence[str], of: Callable[[str], object]) -> list[list[str]]:
    """Return the pools in groups, of those for which *of* gives the same."""
    groups: list[tuple[object, list[str]]] = []
    for pool in pools:
        value = of(pool)
        for known, group in groups:
            if known == value:
                group.append(pool)
                break
        else:
            groups.append((value, [pool]))
    return [group for _, group in groups]


def _joined(pools: Sequence[str]) -> str:
    """
    Return pools as one name.

    >>> _joined(["prefork (fork)", "prefork (spawn)", "solo"])
    'prefork, solo'
    """
    whole = {"prefork (fork)", "prefork (spawn)"} <= set(pools)
    names = ["prefork" if whole and pool.startswith("prefork") else pool for pool in pools]
    return ", ".join(dict.fromkeys(names))


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [head, ["---"] * len(head), *rows])
