"""Outcomes of messages that are no proper task, and of tasks that are made of several."""

from __future__ import annotations

import json
import pickle

from celery import chain, chord, group

from tests.outcomes.outcome import Family, Outcome
from tests.outcomes.stage import Stage

BODY = json.dumps([[], {}, {}]).encode()
"""No arguments."""


def _pickled(stage: Stage) -> None:
    stage.send_raw(pickle.dumps(([], {}, {})), "application/x-python-serialize", task="succeed")


def _nested(stage: Stage) -> None:
    [inner] = stage.ids("inner")
    stage.send("apply_inner", inner, label="outer")


def _sending(stage: Stage) -> None:
    [other] = stage.ids("sent")
    stage.send("send_other", other, label="sender")


def _chain(stage: Stage) -> None:
    chain(stage.signature("succeed", "first"), stage.signature("succeed", "second")).apply_async()


def _group(stage: Stage) -> None:
    group(stage.signature("succeed", label) for label in ("first", "second")).apply_async()


def _chord(stage: Stage) -> None:
    members = [stage.signature("succeed", "first"), stage.signature("fail", "failing")]
    chord(members, stage.signature("succeed", "body")).apply_async()


REFUSED = Family(
    "Messages that are no task",
    "A message that the worker can't make a task of.",
    (
        Outcome(
            "unregistered",
            "Unknown name",
            "No task of that name is registered.",
            lambda stage: stage.send("unheard_of"),
        ),
        Outcome("pickle", "Pickle refused", "The body is pickled; `accept_content` allows JSON only.", _pickled),
        Outcome(
            "bad-eta",
            "Malformed ETA",
            "The header `eta` is `tomorrow`.",
            lambda stage: stage.send_raw(BODY, task="succeed", eta="tomorrow"),
        ),
        Outcome(
            "no-task",
            "Not a task message",
            "The message has no header `task`, and its body is a JSON object.",
            lambda stage: stage.send_raw(b'{"hello": "world"}'),
        ),
        Outcome(
            "broken-json",
            "Broken JSON",
            "The headers are those of a task, the body is cut-off JSON.",
            lambda stage: stage.send_raw(b"[[], {", task="succeed"),
        ),
    ),
)

COMPOSED = Family(
    "Tasks made of others",
    "Several tasks belong together. Names in brackets say which task a signal is about.",
    (
        Outcome("nested", "Nested `.apply()`", "The body runs another task in-process with `.apply()`.", _nested),
        Outcome(
            "direct-call",
            "Direct call",
            "The body calls another task as a function.",
            lambda stage: stage.send("call_other"),
        ),
        Outcome("sends", "A task that sends a task", "The body calls `apply_async()` of another task.", _sending),
        Outcome(
            "chain",
            "Chain",
            "Two tasks, one after the other.",
            _chain,
        ),
        Outcome(
            "group",
            "Group",
            "Two tasks, side by side; the worker takes one at a time.",
            _group,
        ),
        Outcome(
            "chord",
            "Chord with a failing member",
            "A group of two, the second of which raises, and a body that waits for both.",
            _chord,
        ),
    ),
)
