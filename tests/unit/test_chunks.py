"""However a sample is cut, in whichever order the parts are added up, and sieved or not: one verdict."""

from __future__ import annotations

import io
import itertools
import random
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import reduce

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logconform.check.sources import Block
from logconform.check.work import do
from logconform.chunk import Chunk, Judge
from logconform.findings import Count, Verdict
from logconform.judge import conclude, judge_stream
from logconform.partial import Begin, Line, Partial
from logconform.records import HARD_LIMIT, KEPT_BYTES, read_stream
from tests.unit.sample_generator import FULL, STYLES, Sample, encoded
from tests.unit.test_rules import BROKEN, KEPT, lines_of

PATH = "worker.log"


def chunks_of(data: bytes, cuts: Iterable[int]) -> list[Chunk]:
    """Cut *data* behind the lines in which the positions *cuts* stand."""
    ends = {len(data)}
    for cut in cuts:
        end = data.find(b"\n", cut) + 1
        ends.add(end or len(data))
    begins = [0, *sorted(ends)]
    return [Chunk(data[begin:end], PATH, (0, begin)) for begin, end in itertools.pairwise(begins) if begin < end]


def concluded(chunks: Sequence[Chunk], partials: Sequence[Partial]) -> Verdict:
    texts = {chunk.begin: chunk for chunk in chunks}

    def reread(begin: Begin) -> Iterable[Line]:
        whole = Judge(fold=False, sift=False).judge(texts[begin])
        return [line for part in whole.parts.values() for lines in part.fragments.values() for line in lines]

    verdicts, _ = conclude(reduce(Partial.__add__, partials, Partial()), reread=reread)
    return reduce(Verdict.__add__, verdicts.values(), Verdict())


def in_parts(data: bytes, cuts: Iterable[int], *, sift: bool = True, order: int = 0) -> Verdict:
    chunks = chunks_of(data, cuts)
    judge = Judge(sift=sift)
    for chunk in chunks if sift else ():
        judge.judge(chunk)  # so that what it learned is put to use
    partials = [judge.judge(chunk) for chunk in chunks]
    random.Random(order).shuffle(partials)
    return concluded(chunks, partials)


def at_once(data: bytes) -> Verdict:
    return judge_stream(read_stream(io.BytesIO(data), PATH))


def told(verdict: Verdict) -> object:
    counts = {name: count for name, count in verdict.counts.items() if count != Count()}
    findings = [(each.requirement, each.place, each.message, each.evidence, each.task_id) for each in verdict.findings]
    causes = {
        cause: (each.total, [(one.place, one.message) for one in each.first]) for cause, each in verdict.causes.items()
    }
    return counts, findings, causes


def sample_of(seed: int, tasks: int = 40) -> bytes:
    return b"".join(Sample(seed, STYLES[seed % len(STYLES)], slots=1 + seed % 8, tasks=tasks).lines())


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("sift", [False, True])
def test_one_chunk_is_judged_as_the_stream(seed: int, sift: bool) -> None:
    """Folding finished tasks away, and sieving, change nothing."""
    data = sample_of(seed)
    assert told(in_parts(data, [], sift=sift)) == told(at_once(data))


@pytest.mark.parametrize("name", [*KEPT, *BROKEN])
@pytest.mark.parametrize("sift", [False, True])
def test_any_cut_of_a_small_stream_gives_its_verdict(name: str, sift: bool) -> None:
    """Cut into single lines, or behind any one line: the findings and counts of the whole."""
    data = lines_of(KEPT[name] if name in KEPT else BROKEN[name][0])
    expected = told(at_once(data))
    ends = [end - 1 for end in itertools.accumulate(map(len, data.splitlines(keepends=True)))]
    # The long streams repeat one task many times: their edges, and a cut in each few of the middle.
    once = ends if len(ends) < 30 else [*ends[:8], *ends[8:-8:9], *ends[-8:]]
    for cuts in ([], *([cut] for cut in once), ends):
        assert told(in_parts(data, cuts, sift=sift)) == expected, list(cuts)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 200), cuts=st.lists(st.integers(0, 45_000), max_size=12), order=st.integers(0, 5))
def test_any_cut_and_any_order_give_one_verdict(seed: int, cuts: list[int], order: int) -> None:
    """The parts of a sample, added up in any order, give the verdict on the sample."""
    data = sample_of(seed, tasks=24)
    assert told(in_parts(data, cuts, order=order)) == told(at_once(data))


@pytest.mark.parametrize("sift", [False, True])
def test_a_line_that_is_no_object_shows_nothing_of_members_and_numbers(sift: bool) -> None:
    """It is a line, and short enough; a log of plain text has not passed what only objects can keep or break."""
    text, records = b"worker: Warm shutdown (MainProcess)\n\n", b'{"event": "A"}\n' * 3
    for data, objects in ((text, 0), (text + records, 3)):
        counts = in_parts(data, [], sift=sift).counts
        checked = [counts[name].checked if name in counts else 0 for name in ("FMT001", "FMT011", "FMT002", "FMT009")]
        assert checked == [2 + objects, 2 + objects, objects, objects]


@pytest.mark.parametrize(
    ("name", "value"), [(rb"task\u005fid", rb"\g<1>"), (b"task_id", rb"\\u003\g<1>")], ids=["name", "value"]
)
def test_an_escape_hides_no_task(name: bytes, value: bytes) -> None:
    """A task that was counted, and goes on in another part, is found again however its id or the member is written."""
    lines = Sample(4, STYLES[0], slots=3, tasks=60).lines()
    data = b"".join([*lines, *lines])
    data = re.sub(rb'"task_id": "(\d)', b'"' + name.replace(b"\\", b"\\\\") + b'": "' + value, data)
    for cuts in ([len(data) // 2], [5_000, len(data) // 2, len(data) - 5_000]):
        assert told(in_parts(data, cuts)) == told(at_once(data))


def test_a_line_that_cannot_be_read_may_be_any_service_s() -> None:
    """Of a torn line in a part that has another service's lines alone, its own service's task is not accused."""
    own = Sample(5, FULL, slots=4, plan=["succeed"] * 80).lines()
    others = [line.replace(b'"service": "worker"', b'"service": "other"') for line in Sample(6, FULL, 2, 20).lines()]
    done = next(number for number, line in enumerate(own) if number > 60 and b'"Task completed"' in line)
    torn = own.pop(done).replace(b'"state": ', b"")
    data = b"".join([*own, *others, torn])
    verdict = in_parts(data, [len(b"".join(own)) - 1])
    assert [each.requirement for each in verdict.findings] == ["FMT001"]


def test_a_body_that_speaks_after_its_execution_is_not_taken_for_one_that_does_not() -> None:
    """Among many tasks with records of the same sites, in the right order, the one in the wrong order is found."""
    lines = Sample(8, FULL, slots=1, plan=["succeed"] * 90).lines()
    ends = [number for number, line in enumerate(lines) if b'"Task completed"' in line and b"step" in lines[number - 1]]
    for at in ends[-12:]:
        stamp = re.search(rb"2025-[^\"]*", lines[at])
        assert stamp is not None
        late = re.sub(rb"2025-[^\"]*", stamp[0], lines[at - 1], count=1)
        verdict = in_parts(b"".join([*lines[: at + 1], late, *lines[at + 1 :]]), [])
        assert [(each.requirement, each.place.line if each.place else 0) for each in verdict.findings] == [
            ("DONE001", at + 2)
        ]


def test_a_task_that_reports_too_rarely_is_found_among_those_that_do_not() -> None:
    """Its form is known, and what it counts is not: whether a record was torn only the whole sample tells."""
    records = Sample(9, FULL, slots=1, plan=["progress"] * 60).records
    task = records[-1]["task_id"]
    own = [record for record in records if record.get("task_id") == task and record["logger"] != "celery.app.trace"]
    for number, record in enumerate(own):
        if "total_records" in record:
            record["total_records"] = 200_000
        if number > 2:
            record["timestamp"] = "2025-09-12T23:05:03.001184Z"
    began, ended = (datetime.fromisoformat(own[at]["timestamp"]) for at in (0, -1))
    own[-1]["duration_ms"] = 1_000 * (ended - began).total_seconds()
    data = b"".join(map(encoded, records))
    assert told(in_parts(data, [])) == told(at_once(data))
    assert "PROG003" in {each.requirement for each in in_parts(data, []).findings}


def test_a_line_that_is_too_long_to_be_held_counts_with_all_its_bytes() -> None:
    """What is kept of it is its beginning; the report says how much was read."""
    block = Block(0, PATH, 0, 2 * HARD_LIMIT, b"x" * KEPT_BYTES, None, oversize=2 * HARD_LIMIT)
    assert do(block, Judge()).partial.bytes == 2 * HARD_LIMIT
