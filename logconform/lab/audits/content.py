"""Audits of what records hold: odd values, forged records, foreign loggers, secrets (FMT, FAIL008, SAFE, PROG, RES)."""

from __future__ import annotations

from typing import Any

from logconform.lab.audits.counting import keeps
from logconform.lab.evidence import LIFECYCLE_EVENTS, Checks, Seen, Sent, fault, show, shown_in
from logconform.records import Reading, Record
from logconform.rules import check_history
from logconform.rules.history import seconds

LIMIT_BYTES = 262_144
BELOW_ERROR = {"debug", "info", "warning"}
"""The levels that are none of an error, however they are spelled; what is no level speaks against FMT004."""
CUT = "Cut the longest values until the encoded line, its newline included, has at most 262,144 bytes."
ENCODE = "Encode the whole record as JSON, in one call; never put a value into a line by formatting."
BODY = "Do not log it; where Celery's own record shows it, write the task's name or the fault in place of the message."
OUTLIVE = "Catch whatever a handler or an encoder raises, in the worker's main process too."
STANDARD_ERROR = (
    "Write prints, warnings and Celery's own lines as records to the log stream instead; billiard's logger, "
    "`multiprocessing`, does not propagate to the root."
)
CLOCK_SECONDS = 300.0
"""How far a timestamp may be from the oracle's clock: below the quarter of an hour that time zones differ by."""


def stream_holds(seen: Seen, requirement: str) -> Checks:
    """Nothing in the whole log stream speaks against a requirement that every line or record must keep."""
    found = [finding for finding in seen.log.verdict.findings if finding.requirement == requirement]
    yield from found
    count = seen.log.verdict.counts.get(requirement)
    if not found and count is not None and count.checked:
        yield None


def timestamps_are_utc(seen: Seen) -> Checks:
    """What a body wrote is stamped with the time at which it ran, by the oracle's clock: not with a place's own."""
    for sent in seen.sent:
        begun = [execution.prerun["at"] for execution in seen.executions(sent)]
        over = [execution.postrun["at"] for execution in seen.executions(sent) if execution.postrun is not None]
        for record in seen.spoken(sent) if begun and over else ():
            at = seconds(record)
            if at is not None:  # else its form speaks against FMT003
                off = max(begun[0] - at, at - over[-1])
                yield None if off <= CLOCK_SECONDS else _not_utc(record, off)


def _not_utc(record: Record, off: float) -> Any:
    told = show(record.timestamp)
    return fault(
        f"timestamp is {told}: {off / 3600:.2f} hours from the time in UTC", record, fix="Use `datetime.now(UTC)`."
    )


def values_do_no_harm(seen: Seen) -> Checks:
    """A value that JSON cannot hold neither suppresses its record nor fails the task."""
    for sent in seen.sent:
        task = seen.task(sent)
        if task.executions and task.executions[-1].state != "SUCCESS":
            error = next((each["error"] for each in task.failures if each["error"]), None)
            by = f" by {error['type']}" if error else ""
            told = f"a task that logs {sent.facts['value']} ended in {task.executions[-1].state}{by}"
            yield fault(told, task_id=sent.task_id, fix="Catch whatever a handler or an encoder raises.")
        if seen.point(sent, "after") is None and not seen.spoken(sent):
            continue  # nothing of this body is in the log, with or without the value: another requirement's matter
        record = seen.point(sent, "value")
        if record is None:
            yield fault(
                f"the record with {sent.facts['value']} is not in the log",
                task_id=sent.task_id,
                fix="Give the JSON encoder a `default` that cannot raise, and a last resort for what still fails.",
            )
        else:
            yield None


def long_records_are_cut(seen: Seen) -> Checks:
    """A record that would be longer than the limit is cut, is still JSON, and says so."""
    for sent in seen.sent:
        if seen.point(sent, "after") is None:
            continue
        record = seen.point(sent, "value")
        if record is None:
            yield fault("the long record is not in the log, or is not JSON", task_id=sent.task_id, fix=CUT)
        elif len(record.raw) > LIMIT_BYTES:
            yield fault(f"has {len(record.raw):,} bytes; at most {LIMIT_BYTES:,} are allowed", record, fix=CUT)
        elif record.get("truncated") is not True:
            told = shown_in(record, "truncated")
            yield fault(f"was cut, but `truncated` is {told}, not true", record, fix="Add `truncated: true` to it.")
        else:
            yield None


def nothing_is_forged(seen: Seen) -> Checks:
    """A value starts no record of its own and adds no member."""
    for sent in seen.sent:
        for reading in seen.log.mentioning(sent.probe):
            if reading.record is None:
                yield fault("a value broke its line: this is not a record", reading, fix=ENCODE)
            elif "forged" in reading.record.members:
                yield fault("a value forged a member of the record", reading, fix=ENCODE)
            else:
                yield None
    for reading in seen.log.readings:
        if reading.record is not None and reading.record.event == "Forged":
            yield fault("a value forged a whole record", reading, fix=ENCODE)


def libraries_speak_the_same(seen: Seen) -> Checks:
    """Records of standard logging and of `warnings` are records of this stream."""
    for sent in seen.sent:
        if not seen.executions(sent):
            continue
        yield _came_out(seen, sent, "Library spoke of", "a record of a library's standard logger")
        yield _came_out(seen, sent, "Library warns in probe", "a warning of the `warnings` module")


def _came_out(seen: Seen, sent: Sent, text: str, what: str) -> Any:
    lines = [line for line in seen.log.mentioning(sent.probe) if text.encode() in line.raw]
    if any(line.record is not None for line in lines):
        return None
    on_stderr = any(text.encode() in line.raw and sent.probe.encode() in line.raw for line in seen.log.stderr)
    where = "; it went to standard error" if on_stderr else ""
    root = "Put the handler on the root logger, and call `logging.captureWarnings(True)`."
    return fault(
        f"{what} is not in the log stream{where}",
        lines[0] if lines else None,
        task_id=sent.task_id,
        fix=f"{root} Have it write to standard output: `StreamHandler(sys.stdout)`." if on_stderr else root,
    )


def names_are_not_repeated(seen: Seen) -> Checks:
    """A field named like one that the record has already does not repeat the name."""
    for sent in seen.sent:
        for reading in seen.log.mentioning(sent.probe):
            repeated = [defect for defect in reading.defects if defect.requirement == "FMT002"]
            if repeated:
                yield fault(
                    repeated[0].message,
                    reading,
                    fix="Merge all into one mapping before encoding.",
                )
            elif reading.record is not None:
                yield None


def fault_is_reported(seen: Seen) -> Checks:
    """A message that no task can take gives a record at error or critical, without its body; the worker goes on."""
    for sent in seen.roles["message"]:
        named = [record for record in _about_message(seen, sent) if _is_error(record)]
        if not named:
            told = f"no record at error or critical tells of {sent.facts['kind']}"
            yield fault(told, task_id=sent.task_id, fix="Let the records of Celery's own loggers into the log stream.")
        shown = [reading for reading in seen.log.readings if sent.facts["canary"].encode() in reading.raw]
        for reading in shown[:1]:
            yield fault("shows the body of the message", reading, fix=BODY)
        after = seen.roles["after"][0]
        if not seen.executions(after):
            yield fault("the worker did not go on with the next task", task_id=after.task_id, fix=OUTLIVE)
        if named and not shown:
            yield None


def _is_error(record: Record) -> bool:
    """Whether it is at error or critical, or at none of the five levels: that is another requirement's matter."""
    return (record.level or "").lower() not in BELOW_ERROR


def _about_message(seen: Seen, sent: Sent) -> list[Record]:
    """Return the records that name a message's task, or, where it can't be named, that may tell of its fault."""
    name = sent.facts.get("names")
    return _between(seen) if name is None else [record for record in seen.log.records if name.encode() in record.raw]


def _between(seen: Seen) -> list[Record]:
    """
    Return what was written after the task before, and before the task after: by its place in the stream, or its time.

    Processes that write late, each on its own, do not keep the order of the stream; the clock is one for all.
    What another task said is left out. That a record carries the id of one that was over is another requirement's
    matter, unless it is its ending, told late.
    """
    before, after = seen.roles["before"][0], seen.roles["after"][0]
    positions = [record.place.offset for record in seen.log.by_task.get(before.task_id, []) + seen.spoken(before)]
    ends = [record.place.offset for record in seen.log.by_task.get(after.task_id, []) + seen.spoken(after)]
    start, end = max(positions, default=-1), min(ends, default=1 << 62)
    began, ended = _gap(seen, before, after)
    return [
        record
        for record in seen.log.records
        if not _is_of_execution(seen, record, began)
        and (start < record.place.offset < end or began <= (seconds(record) or 0.0) <= ended)
    ]


def _is_of_execution(seen: Seen, record: Record, moment: float) -> bool:
    executions = seen.truth.task(record.task_id or "").executions
    ends = [each.postrun["at"] for each in executions if each.postrun is not None]
    over = len(ends) == len(executions) and max(ends, default=0.0) <= moment
    return bool(executions) and (record.event in LIFECYCLE_EVENTS or not over)


def _gap(seen: Seen, before: Sent, after: Sent) -> tuple[float, float]:
    """Return when, in seconds, the one task was over and the other began; an empty time where that is not known."""
    over = [execution.postrun["at"] for execution in seen.executions(before) if execution.postrun is not None]
    begun = [execution.prerun["at"] for execution in seen.executions(after)]
    return (over[-1], begun[0]) if over and begun else (1.0, 0.0)


def no_secret(seen: Seen) -> Checks:
    """The value of a secret stands nowhere in what the worker wrote: records, other lines, standard error, the file."""
    for sent in seen.sent:
        canary = str(sent.facts["canary"])
        shown = seen.log.anywhere(canary)
        yield from (_leak(reading, canary.encode()) for reading in shown[:3])
        if not shown and (seen.spoken(sent) or seen.log.anywhere(sent.task_id)):
            yield None


def no_local_variable(seen: Seen) -> Checks:
    """The word that a local variable held, where an exception was raised, stands nowhere in what the worker wrote."""
    for sent in seen.sent:
        shown = seen.log.anywhere(sent.probe[::-1])
        for reading in shown[:1]:
            yield fault("shows the value of a local variable", reading, fix="Format tracebacks without locals.")
        if not shown and any(record.get("exception") for record in seen.log.by_task.get(sent.task_id, [])):
            yield None


def no_broker_password(seen: Seen) -> Checks:
    """The password in the broker's address stands nowhere in what the worker wrote."""
    password = seen.broker_secret
    if not password or not (seen.log.readings or seen.log.stderr):
        return
    shown = seen.log.anywhere(password)
    yield from (_leak(reading, password.encode()) for reading in shown[:3])
    if not shown:
        yield None


def _leak(reading: Reading, canary: bytes) -> Any:
    hidden = Reading(reading.place, reading.raw.replace(canary, b"[secret]"), reading.record, reading.defects)
    return fault(
        "shows the value of a secret",
        hidden,
        task_id=reading.record.task_id if reading.record else None,
        fix="Redact by the field's name at any depth, in URLs, and in the text of messages and tracebacks.",
    )


def errors_show_their_exception(seen: Seen) -> Checks:
    """An error logged in an exception handler carries `error` and `exception`."""
    for sent in seen.sent:
        record = seen.point(sent, "handler")
        if record is None:
            continue
        missing = [name for name in ("error", "exception") if not record.get(name)]
        yield fault(f"has no {' and no '.join(missing)}", record) if missing else None


def own_task_holds(seen: Seen, requirement: str) -> Checks:
    """The records of the service's own task keep a requirement: schemas and rules together."""
    for sent in seen.sent:
        history = seen.log.by_task.get(sent.task_id, [])
        for record in history:
            yield from keeps(record, requirement)
        yield from check_history(history, requirement)


def standard_error_is_pure(seen: Seen) -> Checks:
    """Standard error carries nothing that is not a record."""
    stray = [reading for reading in seen.log.stderr if reading.record is None]
    for reading in stray[:3]:
        yield fault("standard error carries a line that is not a record", reading, fix=STANDARD_ERROR)
    if not stray:
        yield None


def resources_agree(seen: Seen) -> Checks:
    """`duration_ms` and `memory_used_mb` agree with what the oracle measured of the execution."""
    for sent in seen.sent:
        for execution in seen.executions(sent):
            if execution.postrun is None:
                continue
            wall = 1_000 * (execution.postrun["at"] - execution.prerun["at"])
            for record in _usage(seen, sent):
                duration, memory = record.get("duration_ms"), record.get("memory_used_mb")
                if not isinstance(duration, int) or not isinstance(memory, int):
                    continue
                if duration > wall + max(50.0, 0.1 * wall):
                    told = f"duration_ms is {duration}; the whole execution took {wall:.0f} ms"
                    yield fault(told, record, fix="Measure with `time.perf_counter()`, in milliseconds.")
                elif memory > 1.1 * execution.postrun["peak_mb"] + 8:
                    told = f"memory_used_mb is {memory}; the process never held that much"
                    yield fault(told, record, fix="Write a difference of the resident set in megabytes, not in bytes.")
                else:
                    yield None


def _usage(seen: Seen, sent: Sent) -> list[Record]:
    return [record for record in seen.log.by_task.get(sent.task_id, []) if "memory_used_mb" in record.members]


def reports_progress(seen: Seen) -> Checks:
    """The service's own task that reports progress writes what its role promises."""
    return _own_task_reports(seen, "total_records", "processed_records", "total_processed")


def reports_usage(seen: Seen) -> Checks:
    """The service's own task that reports its usage writes what its role promises."""
    return _own_task_reports(seen, "memory_used_mb")


def _own_task_reports(seen: Seen, *members: str) -> Checks:
    """Check that a task of the service's own, where it succeeded, wrote a record with each of *members*."""
    for sent in seen.sent:
        history = seen.log.by_task.get(sent.task_id, [])
        if not any(execution.state == "SUCCESS" for execution in seen.executions(sent)):
            continue
        for member in members:
            if any(member in record.members for record in history):
                yield None
            else:
                told = f"{sent.name} succeeded, but wrote no record with {member}"
                yield fault(told, task_id=sent.task_id, fix="Write one, or name another task in the configuration.")
