"""The catalog of a sample's events: what it counts, what it shows, and that it can be added up."""

from __future__ import annotations

import json
from functools import reduce
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from logconform.check.catalogue import Catalog, batch, catalog_lines, document
from logconform.check.catalogue.entry import DISTINCT_ALLOWED, FIELDS_KEPT, TEXT_KEPT
from logconform.records import HARD_LIMIT, Place, read_line
from tests.unit.sample_generator import STYLES
from tests.unit.sample_generator import Sample as Generated
from tests.unit.test_report_json import properties

SCHEMAS = Path(__file__).parents[2] / "schemas"
SCHEMA = json.loads((SCHEMAS / "catalog.schema.json").read_text("utf-8"))
SUBJECT = {"paths": ["worker.log"], "bytes": 1}
START = {"timestamp": "2025-09-12T20:05:03.001184Z", "level": "info", "service": "worker", "logger": "app.tasks"}


def line(event: object = "Mail sent", **members: Any) -> bytes:
    return json.dumps({**START, "event": event, **members}).encode() + b"\n"


def made(*lines: bytes) -> dict[str, Any]:
    """Return the document of some lines, which is what the schema describes."""
    told = json.loads(json.dumps(document(catalog_lines(lines), SUBJECT)))
    Draft202012Validator(SCHEMA).validate(told)
    return told  # type: ignore[no-any-return]


def test_an_entry_is_exactly_this() -> None:
    """An event has its origin, its count, its levels, when it was seen, its fields, and its earliest record."""
    later = line(timestamp="2025-09-12T20:05:04.000000Z", level="warning", size=None, to="ann")
    [event] = made(later, line(size=2))["events"]
    text = {"present": 2, "always": True, "types": {"string": 2}}
    assert event == {
        "service": "worker",
        "logger": "app.tasks",
        "event": "Mail sent",
        "high_cardinality": False,
        "distinct": 1,
        "count": 2,
        "levels": {"info": 1, "warning": 1},
        "first_seen": "2025-09-12T20:05:03.001184Z",
        "last_seen": "2025-09-12T20:05:04.000000Z",
        "fields": [
            {"name": "timestamp", **text, "example": "2025-09-12T20:05:03.001184Z"},
            {"name": "level", **text, "example": "info"},
            {"name": "service", **text, "example": "worker"},
            {"name": "logger", **text, "example": "app.tasks"},
            {"name": "event", **text, "example": "Mail sent"},
            {"name": "size", "present": 2, "always": True, "types": {"integer": 1, "null": 1}, "example": 2},
            {"name": "to", "present": 1, "always": False, "types": {"string": 1}, "example": "ann"},
        ],
        "members_omitted": 0,
        "example": {**START, "event": "Mail sent", "size": 2},
    }


def test_events_are_told_apart_by_service_logger_and_event() -> None:
    """The same phrase of another logger is another event; what a record lacks is null, and comes last."""
    told = made(line("b"), line("a"), line("a", logger="z"), line("a", service=7), line(event=["a"]), b"{}\n")
    assert [(each["service"], each["logger"], each["event"]) for each in told["events"]] == [
        ("worker", "app.tasks", "a"),
        ("worker", "app.tasks", "b"),
        ("worker", "app.tasks", None),
        ("worker", "z", "a"),
        (None, "app.tasks", "a"),
        (None, None, None),
    ]


@pytest.mark.parametrize(("number", "flagged"), [(DISTINCT_ALLOWED, False), (DISTINCT_ALLOWED + 1, True)])
def test_events_that_differ_in_a_number_are_one_entry(number: int, flagged: bool) -> None:
    """Many texts of one phrase are one entry, and flagged as soon as there are more than FMT008 allows."""
    [event] = made(*(line(f"User {each} said 'no{each}'") for each in range(number)))["events"]
    assert (event["event"], event["count"], event["distinct"], event["high_cardinality"]) == (
        "User … said …",
        number,
        number,
        flagged,
    )


@pytest.mark.parametrize(
    ("raw", "unreadable"),
    [
        (b"a banner\n", 1),
        (b"\n", 1),
        (b"[1]\n", 1),
        (b'{"event": "a", "n": NaN}\n', 0),
        (b'{"event": "\\ud800"}\n', 0),
        (b'{"event": "a"}\r\n', 0),
        (b'{"event": "a"}', 0),
        (b'{"event": "a", "a": 1, "a": 2}\n', 0),
        (b'{"n": ' + b"9" * 700 + b"}\n", 0),
        (b"[" * 100_000 + b"\n", 1),
        (b'{"event": "' + b"x" * HARD_LIMIT + b'"}\n', 1),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_lines_that_are_no_record_are_counted(raw: bytes, unreadable: int) -> None:
    """What the strict reader understands is a record, with its faults; everything else is counted."""
    told = made(raw)
    assert (told["subject"]["unreadable"], told["subject"]["records"]) == (unreadable, 1 - unreadable)


SECRETS = [
    {"password": "hunter2!"},
    {"request": {"headers": [{"Authorization": "hunter2!"}]}},
    {"url": "amqp://user:hunter2!@mq:5672//"},
    {"message": "tried password='hunter2!' twice"},
    {"event": "Connecting with password=hunter2!"},
    {"event": "x" * 190 + " password=hunter2!"},
    {"note": "y" * 190 + " password=hunter2!"},
]


@pytest.mark.parametrize("members", SECRETS, ids=lambda members: next(iter(members)))
def test_a_catalog_shows_no_secret(members: dict[str, Any]) -> None:
    """Neither an event nor an example has a secret in it, nor a part of one."""
    told = json.dumps(made(json.dumps({**START, "event": "a", **members}).encode()))
    assert "hunter" not in told


def test_times_in_other_forms_are_told_in_utc() -> None:
    """A sample that breaks FMT003 has first and last times all the same; what is no time is passed over."""
    times = ["2025-09-12 22:05:03+02:00", "2025-09-12T20:05:04Z", "yesterday", 1757707503, "0001-01-01T00:00:00+14:00"]
    [event] = made(*(line(timestamp=each) for each in times))["events"]
    assert (event["first_seen"], event["last_seen"]) == ("2025-09-12T20:05:03.000000Z", "2025-09-12T20:05:04.000000Z")
    assert made(line(timestamp="yesterday"))["events"][0]["first_seen"] is None


def test_examples_are_cut() -> None:
    """Long, wide and deep values are shortened, and say so."""
    deep: Any = 1
    for _ in range(300):
        deep = [deep]
    values = {"long": "x" * 500, "wide": list(range(1000)), "deep": deep, "big": 10**30, "infinite": float("inf")}
    [event] = made(line(**values))["events"]
    examples = {each["name"]: each["example"] for each in event["fields"]}
    assert examples["long"] == "x" * TEXT_KEPT + "…"
    assert (examples["wide"][:2], examples["wide"][-1], len(examples["wide"]) < 100) == ([0, 1], "…", True)
    assert examples["deep"] == [[[["…"]]]]
    assert examples["infinite"] == "inf"
    assert len(json.dumps(event["example"])) < 4_000


@pytest.mark.parametrize("name", ["catalog", "diff"])
def test_every_property_of_the_schemas_is_described_by_an_example_that_holds(name: str) -> None:
    """The reference pages are generated from descriptions and examples; the examples are true."""
    schema = json.loads((SCHEMAS / f"{name}.schema.json").read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    for path, each in properties(schema):
        assert each.get("description") and each.get("examples"), path
        validator = Draft202012Validator({**each, "$defs": schema["$defs"]})
        assert [error.message for example in each["examples"] for error in validator.iter_errors(example)] == [], path


class TestLimits:
    """Whatever the sample, a catalog stays small, and says what it leaves out."""

    def test_a_logger_without_constant_phrases_does_not_crowd_out_the_others(self) -> None:
        """Of one logger a hundred events are kept; the rest is counted, and the contract's own events stay."""
        names = [f"{chr(97 + each % 26)}{chr(97 + each // 26)} came" for each in range(500)]
        told = made(*(line(name) for name in names), line("Task starting"), line(logger="app.mail"))
        kept = [each["event"] for each in told["events"] if each["logger"] == "app.tasks"]
        assert len(kept) == batch.EVENTS_KEPT
        assert "Task starting" in kept
        assert told["omitted"] == {
            "records": 401,
            "loggers": [{"service": "worker", "logger": "app.tasks", "records": 401}],
        }
        assert told["events"][0]["logger"] == "app.mail"

    def test_loggers_without_end_are_bounded(self) -> None:
        """At most 2,000 events are kept in all."""
        told = made(*(line("a", logger=f"app.n{each}") for each in range(5_000)))
        assert (len(told["events"]), told["omitted"]["records"]) == (batch.ENTRIES_KEPT, 3_000)

    def test_fields_without_end_are_bounded(self) -> None:
        """Sixty fields of an event are kept, those of every record among them; the rest is counted."""
        [event] = made(
            *(line(**{f"user_{each}": 1}) for each in range(1_000)), line(**dict.fromkeys(map(str, range(9_000))))
        )["events"]
        assert len(event["fields"]) == FIELDS_KEPT
        assert {"timestamp", "level", "service", "logger", "event"} < {each["name"] for each in event["fields"]}
        seen = sum(each["present"] for each in event["fields"])
        assert event["members_omitted"] == 1_001 * 5 + 1_000 + 9_000 - seen

    def test_long_names_are_cut(self) -> None:
        """Names and phrases are at most 200 characters long."""
        [event] = made(line("g" * 999, service="s" * 999, logger="l" * 999, level="v" * 999, **{"f" * 999: 1}))[
            "events"
        ]
        names = [event["service"], event["logger"], event["event"], *event["levels"], event["fields"][-1]["name"]]
        assert [len(each) for each in names] == [TEXT_KEPT] * 5


TEXTS = st.sampled_from(["a", "b 1", "b 2", "Task starting", "…", "password=hunter2!", "é\u2028", ""])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda each: st.lists(each, max_size=3),
    max_leaves=5,
)
MEMBERS = st.fixed_dictionaries(
    {},
    optional={
        "timestamp": st.sampled_from(
            ["2025-09-12T20:05:03.001184Z", "2025-09-12T20:05:03.001185Z", "2025-09-12 22:05:03+02:00", "late", 5]
        ),
        "level": st.sampled_from(["info", "error", None]),
        "service": TEXTS,
        "logger": TEXTS,
        "event": TEXTS | st.integers().map("n {}".format) | st.integers(),
        "x": VALUES,
        "y": VALUES,
    },
)
LINES = st.lists(
    MEMBERS.map(lambda each: json.dumps(each).encode()) | st.sampled_from([b"junk", b"", b"[]"]), max_size=40
)


class TestAddition:
    """Any cut of the lines and any order of adding gives the same document."""

    @settings(max_examples=150, deadline=None)
    @given(lines=LINES, data=st.data())
    def test_any_cut_and_any_order(self, lines: list[bytes], data: st.DataObject) -> None:
        """Lines in any order, in any parts, added in any order."""
        shuffled = data.draw(st.permutations(lines))
        cuts = sorted(data.draw(st.lists(st.integers(0, len(lines)), max_size=5)))
        parts = [shuffled[start:end] for start, end in zip([0, *cuts], [*cuts, len(lines)], strict=True)]
        added = reduce(lambda left, right: left + right, map(catalog_lines, parts), Catalog())
        assert document(added, SUBJECT) == document(catalog_lines(lines), SUBJECT)

    @settings(max_examples=25, deadline=None)
    @given(data=st.data())
    def test_also_beyond_the_limits(self, data: st.DataObject) -> None:
        """What is kept within a limit is decided by the names alone."""
        with pytest.MonkeyPatch.context() as patch:
            for name, limit in (("ENTRIES_KEPT", 6), ("EVENTS_KEPT", 3), ("LOGGERS_KEPT", 3), ("FIELDS_KEPT", 4)):
                patch.setattr(batch, name, limit)
            patch.setattr("logconform.check.catalogue.entry.FIELDS_KEPT", 4)
            patch.setattr("logconform.check.catalogue.entry.LEVELS_KEPT", 2)
            patch.setattr("logconform.check.catalogue.shapes.SHAPES_HELD", 5)
            letters = st.sampled_from("abcd")
            members = st.fixed_dictionaries(
                {"logger": letters, "event": letters, "level": letters},
                optional=dict.fromkeys("uvwxyz", st.integers(0, 3)),
            )
            self.test_any_cut_and_any_order.hypothesis.inner_test(
                self, data.draw(st.lists(members.map(lambda each: json.dumps(each).encode()), max_size=120)), data
            )

    def test_seeing_records_one_by_one_gives_the_same(self) -> None:
        """`see` takes a record as the reader gives it."""
        lines = Generated(3, STYLES[0], 4, 12).lines()
        catalog = Catalog()
        for number, raw in enumerate(lines):
            record = read_line(raw, Place("worker.log", number + 1, 0)).record
            assert record is not None
            catalog.see(record)
        assert document(catalog, SUBJECT) == document(catalog_lines(lines), SUBJECT)

    def test_adding_leaves_both_sides_as_they_are(self) -> None:
        """A sum is a new catalog."""
        left, right = catalog_lines([line(n=1)]), catalog_lines([line(n="1")])
        before = [document(each, SUBJECT) for each in (left, right)]
        assert (left + right).records == 2
        assert [document(each, SUBJECT) for each in (left, right)] == before
