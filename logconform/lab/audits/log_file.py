"""Audits of the log file beside the console: it is the same, loses nothing, and harms nobody (SINK003 to SINK006)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from statistics import median

from logconform.lab.evidence import Checks, Seen, Sent, fault, said, show
from logconform.lab.log_file import Part
from logconform.records import MAX_BYTES, Reading, Record

HANDLED = {"warning", "error", "critical"}
NO_FILE = (b"Is a directory", b"IsADirectory", b"Errno 21")
"""How an attempt to open a folder as a file fails; records that say so need not name it."""
SLACK = 1_000
"""Records by which the order of the console may differ from that of the file, where four tasks write at once."""
NEWEST = 2
"""Files from the newest on in which a process was still writing when it was stopped."""
UNEVEN = 1.25
"""How much bigger a rotated file may be than the usual one, beside a longest record at either end."""


def file_has_the_same(seen: Seen) -> Checks:
    """Every record of the scenario's tasks on the console, and of the worker itself since, has one in the log file."""
    kept = list(_in_files(seen.log.parts))
    if not kept:
        if seen.log.records and not any(part.readings for part in seen.log.parts):
            yield fault(
                f"nothing was written to {seen.log_file}",
                fix="Write to it what the console gets; or name the file that is meant in [tool.logconform] log_file.",
            )
        return  # lines that are no records are another requirement's matter
    left = Counter(map(_key, kept))
    oldest = min(_time(record) for record in kept)
    for record in _expected(seen, left):
        key = _key(record)
        if left[key]:
            left[key] -= 1
            yield None
        elif key in left and record.task_id is None:
            continue  # of several alike, the last: a worker's own that the shutdown lost (SINK006)
        elif _time(record) >= oldest:  # else it may have gone with the oldest file
            yield fault(
                f"`{record.event}` is on the console, and not in the log file",
                record,
                fix="Give both handlers to the root logger, with the same level and filters.",
            )


def _expected(seen: Seen, kept: Counter[tuple[str, ...]]) -> Iterator[Record]:
    """Yield the console's records that the file must have: those of the tasks, and among and after them the worker's.

    What the file does not have at the very end is the shutdown's matter (SINK006).
    """
    groups = [[*seen.log.by_task.get(sent.task_id, []), *seen.spoken(sent)] for sent in seen.sent]
    own = {record.place for group in groups for record in group}
    numbers = [number for number, record in enumerate(seen.log.records) if record.place in own]
    last = max((number for number, record in enumerate(seen.log.records) if _key(record) in kept), default=-1)
    for number, record in enumerate(seen.log.records):
        between = bool(numbers) and numbers[0] <= number <= last
        if record.place in own or (between and record.task_id is None and said(record, "probe") is None):
            yield record


def _key(record: Record) -> tuple[str, ...]:
    told = (record.event, record.level, record.logger, record.task_id, said(record, "probe"), said(record, "point"))
    return tuple(show(each) for each in told)


def _time(record: Record) -> str:
    return str(record.get("timestamp"))


def _in_files(parts: Iterable[Part]) -> Iterator[Record]:
    return (reading.record for part in parts for reading in part.readings if reading.record is not None)


def rotation_loses_nothing(seen: Seen) -> Checks:
    """Of what many tasks wrote at once, the files hold everything from the oldest that is left, whole."""
    parts = seen.log.parts
    if not any(part.rotated for part in parts):
        return  # it doesn't rotate, or not at a size that was reached: nothing is seen of it
    fix = "Let one process at a time rotate, and let the others notice: the file at the path is another one then."
    words = [sent.probe.encode() for sent in seen.sent]
    torn = [reading for part in parts for reading in part.readings if _is_torn(reading, words)]
    yield from (fault("a line of the log file is torn", reading, fix=fix) for reading in torn[:3])
    lost = list(_lost(seen))
    for sent, number in lost[:3]:
        yield fault(f"record {number} of a task is lost in rotation ({len(lost):,} are)", task_id=sent.task_id, fix=fix)
    big = _grown(parts)
    if big is not None:
        yield fault(f"{big.path.name} grew to {big.size:,} bytes, well beyond where others were rotated", fix=fix)
    if not torn and not lost and big is None:
        yield None


def _is_torn(reading: Reading, words: list[bytes]) -> bool:
    return reading.record is None and (b"x" * 64 in reading.raw or any(word in reading.raw for word in words))


def _lost(seen: Seen) -> Iterator[tuple[Sent, int]]:
    """Yield what is missing behind a task's first surviving record; all of a task's, if others' are much older.

    Where the last one that survives is in the newest files, what follows was still to be written at the shutdown, which
    is another requirement's matter (SINK006).
    """
    parts = list(enumerate(reversed(seen.log.parts)))
    age = {(said(r, "probe"), said(r, "point")): number for number, part in parts for r in _in_files([part])}
    order = [(said(r, "probe"), said(r, "point")) for r in seen.log.records if r.event == "Probe floods"]
    first = next((index for index, key in enumerate(order) if key in age), len(order))
    written, late = set(order), set(order[first + SLACK :])
    for sent in seen.sent:
        keys = [(sent.probe, str(number)) for number in range(int(sent.facts["records"]))]
        kept = [number for number, key in enumerate(keys) if key in age]
        end = kept[-1] if kept and age[keys[kept[-1]]] < NEWEST else len(keys)
        for number, key in enumerate(keys[:end]):
            behind = bool(kept) and number > kept[0]
            if key not in age and key in written and (behind or key in late):
                yield sent, number


def _grown(parts: list[Part]) -> Part | None:
    """Return a file that grew far beyond the size at which others were rotated; one rotated by date has no such size.

    The usual file ends at most a longest record below the limit, and none may end more than one above it.
    """
    numbered = [part for part in parts if part.number is not None]
    if len(numbered) < 2 or len(numbered) < sum(part.rotated for part in parts):
        return None
    biggest = max(numbered, key=lambda part: part.size)
    usual = median(part.size for part in numbered if part is not biggest)
    return biggest if biggest.size > UNEVEN * usual + 2 * MAX_BYTES else None


def file_is_bearable(seen: Seen) -> Checks:
    """A log file that can't be opened stops nothing, and the console says so once."""
    for sent in seen.sent:
        states = [execution.state for execution in seen.executions(sent)]
        if states != ["SUCCESS"]:
            wrong = f"a task ended in {states or 'nothing'}; the log file must not stop it"
            yield fault(wrong, task_id=sent.task_id, fix="Catch what opening and writing the file raise, and go on.")
    if seen.log_file is None:
        return
    name = seen.log_file.name
    told = [line for line in seen.log.readings if _complains(line, name)]
    aside = [line for line in seen.log.stderr if _complains(line, name)]
    processes = {event["pid"] for event in seen.truth.events}
    most = max(told, aside, key=len)
    if not most:
        yield fault(
            f"nothing says that {name} cannot be opened",
            fix="Write one record at warning or error to the console, with the path and the reason.",
        )
    elif len(most) > len(processes) + 1:  # each process may say it for itself, and the main one before it is set up
        yield fault(
            f"{len(most)} lines say that {name} cannot be opened; one is enough",
            most[-1],
            fix="Remember that it was said, in every process.",
        )
    else:
        yield None


def _complains(line: Reading, name: str) -> bool:
    if any(word in line.raw for word in NO_FILE):
        return True
    loud = line.record is None or line.record.level in HANDLED
    return loud and name.encode() in line.raw


def file_is_whole_at_the_end(seen: Seen) -> Checks:
    """After a warm shutdown the file ends with what its processes wrote last."""
    parts = seen.log.parts
    if seen.log.told_to_stop is None or not any(part.readings for part in parts):
        return
    last = parts[-1].readings[-1:]
    if last and last[0].unterminated:
        yield fault("the log file ends within a record", last[0], fix="Write a record and its newline in one call.")
    kept = {_key(record) for record in _in_files(parts)}
    spoken = {(show(said(r, "probe")), show(said(r, "point"))) for r in _in_files(parts)}
    for process in _ended_well(seen):
        written = _written_by(seen, process)
        told = [_key(record) in kept for record in written]
        said_so = [(show(probe), show(point)) in spoken for probe, point in _spoken_by(seen, process)]
        missing = max(_missing_at_the_end(told), _missing_at_the_end(said_so))
        if missing:
            yield fault(
                f"the last {missing} records of process {process} are not in the log file after the shutdown",
                written[-1] if written else None,
                fix="Flush the file after each record, or from `worker_process_shutdown` and `worker_shutdown`.",
            )
        elif told or said_so:
            yield None


def _missing_at_the_end(present: list[bool]) -> int:
    """Return how many are missing behind the last that is present; 0 where none is, which has another reason."""
    return present[::-1].index(True) if any(present) else 0


def _ended_well(seen: Seen) -> list[int]:
    """Return the processes that ran tasks and were not lost with one: what a killed one still held is excused."""
    executions = [execution for task in seen.truth.tasks.values() for execution in task.executions]
    lost = {execution.prerun["pid"] for execution in executions if execution.state is None}
    return sorted({execution.prerun["pid"] for execution in executions} - lost)


def _written_by(seen: Seen, process: int) -> list[Record]:
    """Return the records on the console of tasks that a process ran to success, in order."""
    found = []
    for record in seen.log.records:
        executions = seen.truth.task(record.task_id or "").executions
        own = not (record.logger or "").startswith("celery")  # the main process speaks of tasks, too
        if own and executions and all(e.state == "SUCCESS" and e.prerun["pid"] == process for e in executions):
            found.append(record)
    return found


def _spoken_by(seen: Seen, process: int) -> list[tuple[str, str]]:
    """Return what probes said in a process, on their word; not values that a log may fail on for other reasons."""
    spoken = [event for event in seen.truth.of_kind("spoke") if event["pid"] == process and event["point"] != "value"]
    return [(event["probe"], event["point"]) for event in spoken]
