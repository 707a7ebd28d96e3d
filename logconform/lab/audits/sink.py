"""Audits of what reaches the console: each record once, at every level, whole, from many processes (SINK001, 2, 7)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from logconform.lab.evidence import LIFECYCLE_EVENTS, Checks, Seen, Sent, fault, said
from logconform.lab.probes import WAYS
from logconform.records import Reading, Record

LEVELS = ("debug", "info", "warning", "error", "critical")
REFUSED = "Write the line also where a lock is refused: EDEADLK is no deadlock where two threads hold two locks."
OWN, LIBRARY = "the service's logger", "a library's logger"


def written_once(seen: Seen) -> Checks:
    """What a task says through each way of logging, and what Celery says of it, is written once."""
    for sent in seen.sent:
        for what, lines in _said_by_way(seen, sent):
            if len(lines) > 1:
                yield fault(
                    f"{what} is written {len(lines)} times",
                    lines[1],
                    task_id=sent.task_id,
                    fix="Connect a receiver to `setup_logging`, and leave one handler, on the root logger.",
                )
            elif lines:
                yield None


def _said_by_way(seen: Seen, sent: Sent) -> Iterator[tuple[str, list[Reading]]]:
    """Yield each thing that was said with the lines that hold it; Celery's own handler writes to standard error."""
    probe = sent.probe.encode()
    lines = seen.log.mentioning(sent.probe)
    aside = [line for line in seen.log.stderr if probe in line.raw]
    yield "a record of the service's own logger", [line for line in (*lines, *aside) if _is_first(line)]
    for way in WAYS:
        name, text = f"logconform.library.{sent.probe}.{way}", f"by {way} in {sent.probe}".encode()
        written = [line for line in lines if _is_of(line, name, text)]
        yield f"what was said by {way}", [*written, *(line for line in aside if text in line.raw)]
    warned = b"Library warns in probe " + probe
    yield "a warning of the `warnings` module", [line for line in (*lines, *aside) if warned in line.raw]
    if len(seen.executions(sent)) == 1:
        yield from (("a record of Celery's", lines) for lines in _celerys(seen, sent))


def _is_of(line: Reading, name: str, text: bytes) -> bool:
    """Whether a line is the record of a logger: by its name, or by what was said where no name is written."""
    named = line.record is not None and line.record.logger is not None
    return line.record.logger == name if named and line.record else text in line.raw


def _is_first(line: Reading) -> bool:
    if line.record is None:
        return b"Probe working" in line.raw and b"first" in line.raw
    return line.record.event not in LIFECYCLE_EVENTS and said(line.record, "point") == "first"


def _celerys(seen: Seen, sent: Sent) -> list[list[Reading]]:
    """
    Return Celery's own records of a task; together those that are alike in everything but their time.

    A record that names another task as well may be about that one, which ran more than once.
    """
    others = [task_id.encode() for task_id in seen.truth.tasks if task_id != sent.task_id]
    alike: dict[str, list[Reading]] = {}
    for line in seen.log.mentioning(sent.task_id):
        if any(task_id in line.raw for task_id in others):
            continue
        if line.record is not None and (line.record.logger or "").startswith("celery."):
            told = {name: value for name, value in line.record.members.items() if name != "timestamp"}
            alike.setdefault(repr(sorted(told.items())), []).append(line)
    return list(alike.values())


def levels_hold(seen: Seen) -> Checks:
    """Each way of logging writes from one level on, it is the same for all, and nothing below it is written."""
    for sent in seen.sent:
        written = {way: levels for way, levels in _levels_written(seen, sent).items() if levels}
        least = {way: min(levels, key=LEVELS.index) for way, levels in written.items()}
        dropping = [(way, level) for way in written for level in _from(least[way]) if level not in written[way]]
        for way, level in dropping:
            told = f"{way} writes {least[way]}, but drops {level}"
            yield fault(told, task_id=sent.task_id, fix="Filter by the level's number, and by nothing else.")
        if len(set(least.values())) > 1:
            told = ", ".join(f"{way} from {level} on" for way, level in least.items())
            yield fault(
                f"the level is not the same for every logger: {told}",
                task_id=sent.task_id,
                fix="Set the one level for structlog's wrapper class, the root logger and its handler.",
            )
        elif len(written) > 1 and not dropping:
            yield from _nothing_below(seen, least[OWN])


def _nothing_below(seen: Seen, least: str) -> Checks:
    below = set(LEVELS) - set(_from(least))
    wrong = [record for record in seen.log.records if record.level in below and record.event not in LIFECYCLE_EVENTS]
    for record in wrong[:1]:
        yield fault(
            f"is written at {record.level}, below {least}, from which on every other logger writes",
            record,
            fix="Leave the loggers of libraries at NOTSET, so that the root logger's level holds.",
        )
    if not wrong:
        yield None


def _from(least: str) -> tuple[str, ...]:
    return LEVELS[LEVELS.index(least) :]


def _levels_written(seen: Seen, sent: Sent) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {OWN: set(), LIBRARY: set()}
    for line in seen.log.mentioning(sent.probe):
        if line.record is None:
            continue
        point = str(said(line.record, "point")).removeprefix("at_")
        name = (line.record.logger or "").removeprefix(f"logconform.library.{sent.probe}.at_")
        if name in LEVELS:
            found[LIBRARY].add(name)
        elif point in LEVELS:
            found[OWN].add(point)
    return found


def long_records_are_whole(seen: Seen) -> Checks:
    """Records that many processes write at once come out whole, each once, whatever their size."""
    fix = "Hold a lock among the processes for every line: a pipe takes more than 4,096 bytes in pieces."
    for sent in seen.sent:
        lines = seen.log.mentioning(sent.probe)
        torn = [line for line in lines if line.record is None]
        yield from (fault("a line of the log stream is torn", line, fix=fix) for line in torn[:1])
        if torn or not lines or [execution.state for execution in seen.executions(sent)] != ["SUCCESS"]:
            continue
        numbers = Counter(said(record, "point") for record in _floods(lines))
        wrong = [number for number in range(int(sent.facts["records"])) if numbers[str(number)] != 1]
        if wrong:
            times = numbers[str(wrong[0])]
            remedy = fix if times else f"{fix} {REFUSED}"
            yield fault(f"long record {wrong[0]} of a task came out {times} times", task_id=sent.task_id, fix=remedy)
        else:
            yield None


def _floods(lines: list[Reading]) -> list[Record]:
    return [line.record for line in lines if line.record is not None and line.record.event == "Probe floods"]
