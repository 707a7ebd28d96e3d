"""Audits of endings that are neither success nor failure, and of what is delivered again (LIFE002 to LIFE004)."""

from __future__ import annotations

from logconform.lab.audits.counting import COMPLETED, FAILED, RETRYING, STARTING
from logconform.lab.evidence import Checks, Seen, fault, show, shown_in

REVOKED, ENDED = "Task revoked", "Task ended"
ENDINGS = (COMPLETED, FAILED, RETRYING, REVOKED, ENDED)


def revocation_is_told(seen: Seen) -> Checks:
    """A revoked or expired task has one `Task revoked`, which says how it came about; Celery may signal it twice."""
    for sent in seen.sent:
        signalled = seen.task(sent).revocations
        records = seen.lifecycle(sent, REVOKED)
        if not signalled and not records:
            continue
        if len(records) != min(len(signalled), 1):
            did = "revoked" if signalled else "did not revoke"
            yield fault(
                f"{len(records)} records `{REVOKED}`, for a task that Celery {did}",
                records[-1] if records else None,
                task_id=sent.task_id,
                fix="Write it from the `task_revoked` signal, once for each task: the main process sends it.",
            )
            continue
        for name in ("terminated", "expired"):
            truths = {event[name] for event in signalled}
            if records[0].get(name) not in truths:
                told = " or ".join(sorted(show(each) for each in truths))
                what = f"{name} is {shown_in(records[0], name)}; Celery said {told}"
                yield fault(what, records[0], fix=f"Take it from the signal's `{name}`.")
        level = f"has level {show(records[0].level)}"
        yield None if records[0].level == "warning" else fault(level, records[0], fix="Write it at warning.")


def each_delivery_starts(seen: Seen) -> Checks:
    """Each execution of a task that was delivered again has its own start, and one at most says how it ended."""
    for sent in seen.sent:
        executions = seen.executions(sent)
        if len(executions) < 2:
            continue
        starts = seen.lifecycle(sent, STARTING)
        kept = sum(execution.postrun is not None for execution in executions)  # a killed process may take a line along
        if not kept <= len(starts) <= len(executions):
            yield fault(
                f"{len(starts)} records `{STARTING}`, for a task that was delivered and run {len(executions)} times",
                starts[-1] if starts else None,
                task_id=sent.task_id,
                fix="Write it from `task_prerun`, whatever was written for the same id before.",
            )
            continue
        ends = [record for event in (COMPLETED, FAILED) for record in seen.lifecycle(sent, event)]
        ended = {sum(start.place.offset < end.place.offset for start in starts) for end in ends}
        if len(ended) > 1:
            told = " and ".join(f"`{record.event}`" for record in ends)
            yield fault(
                f"a task that was delivered again has {told}",
                ends[-1],
                fix="Do not report a failure of an execution whose message goes back to the queue.",
            )
        else:
            yield None


def every_start_ends(seen: Seen) -> Checks:
    """Each execution that starts has an ending of some kind."""
    for sent in seen.sent:
        starts = seen.lifecycle(sent, STARTING)
        endings = [record for event in ENDINGS for record in seen.lifecycle(sent, event)]
        if not starts:
            continue
        if len(endings) < len(starts):
            states = ", ".join(str(execution.state) for execution in seen.executions(sent))
            yield fault(
                f"starts {len(starts)} times, and has {len(endings)} endings; Celery ended it in {states}",
                starts[-1],
                fix="Write `Task ended` with its state from `task_postrun`, where nothing else told the ending.",
            )
        else:
            yield None
