"""The account: the oracle's truth against the log, task by task, and the console against the file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from logconform.contract import Level, load_contract
from logconform.findings import Finding
from logconform.judge import judge_stream
from logconform.lab.audits.ending import ENDINGS
from logconform.lab.evidence import Log, Sent
from logconform.lab.truth import Task, Truth
from logconform.records import Reading, read_stream
from tests.chaos.storm import Storm

SHOWN = 20
"""Findings that are told one by one."""


@dataclass
class Account:
    """What a storm came to."""

    sent: int
    lost: int
    executions: int
    endings: Counter[str]
    records: int
    kills: int
    restarts: int
    files: int
    seconds: float
    cut: int = 0
    """Tasks that went on although a process that ran them was killed: what it had not said yet is nowhere."""
    violations: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def account(storm: Storm) -> Account:
    """Hold everything that the worker wrote against what really happened."""
    worker = storm.worker
    worker.truth.refresh()
    readings, stderr = worker.read()
    in_files = [reading for path in storm.files for reading in _lines(path)]
    log = Log(readings, judge_stream(readings, complete=True))
    tasks = [worker.truth.task(sent.task_id) for sent in storm.sent]
    cut = {task.task_id for task in tasks if _is_cut(task)}
    decided = (each for each in log.verdict.findings if each.task_id not in cut)
    violations, warnings = _findings(each for each in decided if not _really_ended_twice(worker.truth, each))
    for sent, task in zip(storm.sent, tasks, strict=True):
        violations += _of_task(log, sent, task) if task.task_id not in cut else ()
    violations += _differences(readings, in_files, storm.kills)
    return Account(
        sent=len(storm.sent),
        lost=len(storm.lost),
        executions=sum(len(task.executions) for task in tasks),
        endings=_endings(tasks),
        records=len(log.records),
        kills=storm.kills,
        restarts=storm.restarts,
        files=len(storm.files),
        seconds=storm.seconds,
        cut=len(cut),
        violations=violations,
        warnings=[*warnings, *(f"standard error: {line.raw!r}" for line in stderr if line.record is None)],
    )


def _lines(path: Path) -> list[Reading]:
    with path.open("rb") as stream:
        return list(read_stream(stream, path.name))


def _is_cut(task: Task) -> bool:
    """Whether a process was killed after it had sent a retry, say, and before it could say so; Celery goes on then."""
    lost = any(execution.postrun is None for execution in task.executions)
    return lost and len(task.executions) > 1


def _really_ended_twice(truth: Truth, finding: Finding) -> bool:
    """Whether the log is right about a task that ended twice: the broker had lost its acknowledgement."""
    ended = [execution.state for execution in truth.task(finding.task_id or "").executions]
    return finding.requirement == "LIFE003" and sum(state in {"SUCCESS", "FAILURE"} for state in ended) > 1


def _findings(findings: Iterable[Finding]) -> tuple[list[str], list[str]]:
    """Return what readers, schemas and rules found: of a MUST, and of a SHOULD."""
    levels = {requirement.id: requirement.level for requirement in load_contract().values()}
    told: dict[Level, list[str]] = {level: [] for level in Level}
    for each in findings:
        told[levels[each.requirement]].append(f"{each.requirement}: {each.message} (task {each.task_id})")
    return told[Level.MUST], told[Level.SHOULD]


def _of_task(log: Log, sent: Sent, task: Task) -> Iterator[str]:
    """Say how the records of one task differ from what happened to it."""
    states = [execution.state for execution in task.executions]
    written = Counter(record.event for record in log.by_task.get(sent.task_id, []))
    if _is_lost(task):  # in its body, or with its ending on record already
        endings = sum(written[event] for event in ENDINGS)
        if endings != 1:
            yield f"{endings} endings of {sent.name}, whose process was lost (task {sent.task_id})"
        return
    expected = {
        "Task starting": len(task.executions),
        "Task completed": sum(execution.state == "SUCCESS" for execution in task.executions),
        "Task failed": sum(state == "FAILURE" for state in states) or int(task.failed and not task.executions),
        "Task failed, retrying": sum(execution.retry is not None for execution in task.executions),
        "Task revoked": min(len(task.revocations), 1),
    }
    for event, times in expected.items():
        if event == "Task starting" and _was_cut_at_its_start(task) and written[event] == times + 1:
            continue
        if written[event] != times:
            told = f"{sent.name} ended in {states} (task {sent.task_id})"
            yield f"{written[event]} records `{event}`, not {times}: {told}"
    for name, value in sent.facts.items():
        wrong = [record for record in log.by_task.get(sent.task_id, []) if record.get(name) != value]
        if wrong:
            yield f"`{wrong[0].event}` has {name} {wrong[0].get(name)!r}, not {value!r} (task {sent.task_id})"


def _was_cut_at_its_start(task: Task) -> bool:
    """Whether a process was killed after the start record and before the oracle heard of it; it may have run again."""
    return bool(task.executions[0].prerun["redelivered"]) if task.executions else task.failed


def _is_lost(task: Task) -> bool:
    """Whether the one process that ran the task was killed before Celery was through with it."""
    return len(task.executions) == 1 and task.executions[0].state is None and task.failed


def _differences(console: Iterable[Reading], in_files: Iterable[Reading], kills: int) -> Iterator[str]:
    """
    Say which lines are on one of the two and not on the other: no old file was taken away.

    A child writes each line to the console first; one that is killed in between leaves it there alone. Where that was
    the task's ending, the main process writes to the file alone that the task failed.
    """
    left, right = Counter(line.raw for line in console), Counter(line.raw for line in in_files)
    in_file_alone = right - left
    failures = Counter({raw: n for raw, n in in_file_alone.items() if b'"event":"Task failed"' in raw})
    for missing, where, allowed in (
        (left - right, "in the log file", kills),
        (in_file_alone - failures, "on the console", 0),
        (failures, "on the console", kills),
    ):
        if missing.total() > allowed:
            yield f"{missing.total():,} lines are not {where}, the first: {next(iter(missing))[:200]!r}"


def _endings(tasks: Iterable[Task]) -> Counter[str]:
    """Count executions by how Celery ended them."""
    found: Counter[str] = Counter()
    for task in tasks:
        for execution in task.executions:
            lost = execution.postrun is None
            found[
                "RETRY" if execution.retry is not None else "lost with its process" if lost else str(execution.state)
            ] += 1
        if not task.executions and task.failed:
            found["failed before it began"] += 1
    return found
