"""The sieve passes nothing that the exact engine would judge otherwise: both judge damaged samples, and agree."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logconform.chunk import Judge
from tests.benchmarks.sample import write_sample
from tests.unit.mutations import MUTATIONS, members_of, mutated, written
from tests.unit.sample_generator import STYLES
from tests.unit.test_chunks import chunks_of, concluded, sample_of, told

BASES = 10
"""So many samples are there to damage: made up by either generator, in every style."""


def base(number: int) -> bytes:
    if number < len(STYLES):
        return sample_of(number, tasks=7)
    stream = io.BytesIO()
    write_sample(stream, number, 0, tasks=10)
    return stream.getvalue()


SAMPLES = [base(number) for number in range(BASES)]


def exactly(data: bytes) -> object:
    """Return what the exact engine tells of a sample."""
    return judged(data, Judge(sift=False, fold=False))


def judged(data: bytes, judge: Judge, cuts: Iterable[int] = ()) -> object:
    chunks = chunks_of(data, cuts)
    return told(concluded(chunks, [judge.judge(chunk) for chunk in chunks]))


def sieved(before: Sequence[bytes], data: bytes, cuts: Iterable[int] = ()) -> object:
    """Return what a judge tells of a sample that has learned from others."""
    judge = Judge()
    for each in before:
        for chunk in chunks_of(each, []):
            judge.judge(chunk)
    return judged(data, judge, cuts)


@settings(max_examples=220, deadline=None)
@given(
    number=st.integers(0, BASES - 1),
    names=st.lists(st.sampled_from(sorted(MUTATIONS)), min_size=1, max_size=3),
    seed=st.integers(0, 1_000_000),
    cuts=st.lists(st.integers(0, 40_000), max_size=2),
    again=st.booleans(),
)
def test_a_damaged_sample_is_judged_as_the_exact_engine_does(
    number: int, names: list[str], seed: int, cuts: list[int], again: bool
) -> None:
    """Counts, findings and causes are the same, cut or not, also where the sieve has seen the damage before."""
    data = mutated(SAMPLES[number], names, seed)
    before = [SAMPLES[number], data] if again else [SAMPLES[number]]
    assert sieved(before, data, cuts) == exactly(data)


@pytest.mark.parametrize("name", sorted(MUTATIONS))
def test_no_kind_of_damage_passes(name: str) -> None:
    """Each mutation, twice on a sample of either generator."""
    for number in (1, BASES - 1):
        data = mutated(SAMPLES[number], [name, name], 7)
        assert sieved([SAMPLES[number]], data) == exactly(data)


def record(number: int, **members: object) -> bytes:
    """Return a record of an execution; a member that is `...` is left out."""
    known: dict[str, object] = {
        "timestamp": f"2025-09-12T20:05:03.{number:06d}Z",
        "level": "info",
        "service": "worker",
        "logger": "app.tasks",
        "event": "Mail sent",
        "task_id": f"task-{number}",
        "tenant_id": "acme",
        "operation": "email.send",
        "note": "sent to one",
    }
    kept = {name: value for name, value in {**known, **members}.items() if value is not ...}
    return json.dumps(kept, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


NO_TASK = dict.fromkeys(("task_id", "tenant_id", "operation"), ...)
LEARNED = b"".join([*(record(number) for number in range(3)), *(record(number, **NO_TASK) for number in range(3, 6))])
SAMPLE = LEARNED + b"".join([record(6, event="Idle", **NO_TASK), record(7, event="Idle", **NO_TASK)])
TEXT = SAMPLE.decode().splitlines()[0]

MUST_NOT_PASS = {
    "a task's record without task_id": record(10, task_id=...),
    "a record outside any task with a tenant": record(10, event="Idle", task_id=..., operation=...),
    "a record outside any task with a user": record(10, **NO_TASK, event="Idle", user_id="ann"),
    "an empty tenant": record(10, tenant_id=""),
    "the text None as a tenant": record(10, tenant_id="None"),
    "a tenant that is null": record(10, tenant_id=None),
    "a tenant that is a number": record(10, tenant_id=7),
    "an upper-case level": record(10, level="INFO"),
    "an empty service": record(10, service=""),
    "a service that is null": record(10, service=None),
    "a logger with an empty part": record(10, logger="app..tasks"),
    "an operation of one part": record(10, operation="email"),
    "a secret in a text": record(10, note="password=hunter22"),
    "an address in a text": record(10, note="sent to ann@example.com"),
    "credentials in an address": record(10, note="amqp://u:hunter22@host//"),
    "a secret in a nested text": record(10, note={"a": ["token=hunter2222"]}),
    "a secret's name": record(10, password="hunter22"),
    "a timestamp with a space": record(10, timestamp="2025-09-12 20:05:03.000010Z"),
    "a day that is none": record(10, timestamp="2025-02-30T20:05:03.000010Z"),
    "an hour that is none": record(10, timestamp="2025-02-20T24:05:03.000010Z"),
    "digits of another script": record(10, timestamp="2025-09-12T20:05:03.00001٣Z"),
    "a member between the base fields": (TEXT.replace('"event":"Mail sent",', "") + "\n")
    .replace('"tenant_id"', '"event":"Mail sent","tenant_id"')
    .encode(),
    "a repeated member": TEXT.replace("{", '{"note":"x",', 1).encode() + b"\n",
    "a repeated timestamp": TEXT.replace("}", ',"timestamp":"2025-09-12T20:05:03.000000Z"}').encode() + b"\n",
    "a repeated member of an object within": TEXT.replace('"sent to one"', '{"a":1,"a":1}').encode() + b"\n",
    "a secret behind an escape": TEXT.replace("sent to one", "password\\u003dhunter22").encode() + b"\n",
    "a carriage return at the end": TEXT.encode() + b"\r\n",
    "two objects on a line": (TEXT + TEXT).encode() + b"\n",
    "an object on two lines": TEXT.replace(",", ",\n", 1).encode() + b"\n",
    "a byte that is not UTF-8": TEXT.encode().replace(b"sent", b"s\xffnt") + b"\n",
    "NaN": TEXT.replace('"sent to one"', "NaN").encode() + b"\n",
    "a name with a quote": TEXT.replace('"note"', '"no\\"te"').encode() + b"\n",
    "a name with a NUL": TEXT.replace('"note"', '"no\\u0000te"').encode() + b"\n",
    "a name with a backslash": TEXT.replace('"note"', '"no\\\\te"').encode() + b"\n",
    "variables in a text": record(10, locals="x"),
    "a surrogate alone in a name": TEXT.replace('"note"', '"no\\ud800te"').encode() + b"\n",
    "a surrogate alone in the service": TEXT.replace('"worker"', '"\\ud800"').encode() + b"\n",
    "a surrogate alone in the event": TEXT.replace('"Mail sent"', '"\\ud800"').encode() + b"\n",
    "a name with a colon": TEXT.replace('"note"', '"no:te"').encode() + b"\n",
    "a line that is not ended": TEXT.encode(),
}


@pytest.mark.parametrize("name", MUST_NOT_PASS)
def test_a_record_that_differs_is_not_proven(name: str) -> None:
    """One record unlike those that were learned: judged as without a sieve, alone and after its like was seen."""
    data = SAMPLE + MUST_NOT_PASS[name]
    exact = exactly(data)
    assert sieved([SAMPLE, SAMPLE], data) == exact
    assert sieved([SAMPLE, data, SAMPLE + MUST_NOT_PASS[name] * 3], data, cuts=[len(SAMPLE) - 1]) == exact


def test_the_sieve_proves_what_it_learned() -> None:
    """Else these tests would show nothing: of a sample seen before, nearly all lines are proven."""
    for number in (0, BASES - 1):
        lines = SAMPLES[number].splitlines()
        judge = Judge()
        for _ in range(2):
            judge.judge(chunks_of(SAMPLES[number], [])[0])
        assert judge.sieve is not None
        proven = sum(site is not None for site in judge.sieve.sift(lines).sites)
        assert proven > 0.8 * len(lines)


@pytest.mark.parametrize("value", [{}, [], True, -5], ids=repr)
@pytest.mark.parametrize("most", [1, 100])
def test_a_member_of_another_type_is_judged(value: object, most: int) -> None:
    """Whatever a member of whatever record is, in one record or in all: both engines have a verdict, the same one."""
    lines = sample_of(7, tasks=12).splitlines(keepends=True)
    retried = {members_of(line)["task_id"] for line in lines if b'"Task failed, retrying"' in line}
    of_event: dict[str, list[int]] = {}
    for number in sorted(range(len(lines)), key=lambda each: members_of(lines[each]).get("task_id") not in retried):
        of_event.setdefault(str(members_of(lines[number])["event"]), []).append(number)
    assert retried
    for event, numbers in of_event.items():
        for name in members_of(lines[numbers[0]]):
            damaged = list(lines)
            for number in numbers[:most]:
                damaged[number] = written({**members_of(lines[number]), name: value}, like=lines[number])
            data = b"".join(damaged)
            assert judged(data, Judge()) == exactly(data), (event, name)


def test_what_is_said_of_a_finished_task_in_another_chunk_is_judged() -> None:
    """A parent that only Celery's own record names, chunks after the task was counted, is checked as in one chunk."""
    data = sample_of(4, tasks=12)
    lines = data.splitlines(keepends=True)
    ended = next(line for line in lines if b'"Task completed"' in line and b"parent_task_id" not in line)
    known = {name: each for name, each in members_of(ended).items() if name in ("task_id", "operation", "service")}
    stamp = members_of(lines[-1])["timestamp"]
    said = {"logger": "celery.app.trace", "event": "Task succeeded", "parent_task_id": "stranger"}
    data += written({"timestamp": stamp, "level": "info", **known, **said}, like=ended)
    for cuts in ([], [len(data) // 2], [len(data) - 10]):
        assert sieved([sample_of(4, tasks=12)], data, cuts) == exactly(data), cuts
