"""What changed between two catalogs, and when that is a regression."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from logconform.check.catalogue import catalog_lines, document
from logconform.report.diff_catalogs import CHANGES, diff_catalogs
from logconform.report.diff_input import Catalog
from logconform.report.diff_text import render
from tests.unit.test_diff_reports import PATHS, SCHEMA

Members = dict[str, Any]


def record(event: str = "Mail sent", **members: Any) -> Members:
    return {"level": "info", "service": "worker", "logger": "app.tasks", "event": event, **members}


def catalog(records: Sequence[Members], **subject: Any) -> dict[str, Any]:
    lines = [json.dumps(each).encode() for each in records]
    return document(catalog_lines(lines), {"paths": ["worker.log"], "bytes": 1, **subject})


def diff(before: dict[str, Any], after: dict[str, Any], fail_on: str = "violation") -> dict[str, Any]:
    """Compare two catalogs; the outcome is what the schema describes."""
    made = diff_catalogs(Catalog.model_validate(before), Catalog.model_validate(after), PATHS, fail_on)
    Draft202012Validator(SCHEMA).validate(json.loads(render(made, "json")))
    return made


def changes(before: Sequence[Members], after: Sequence[Members]) -> list[tuple[Any, ...]]:
    made = diff(catalog(before), catalog(after))["changes"]
    return [(each["change"], each["event"], each["field"], each["before"], each["after"]) for each in made]


USUAL = [record(size=1)] * 200
CASES: dict[str, tuple[list[Members], list[Members], list[tuple[Any, ...]]]] = {
    "nothing": (USUAL, USUAL[:5], []),
    "event_vanished": ([*USUAL, record("Mail lost")], USUAL, [("event_vanished", "Mail lost", None, 1, 0)]),
    "event_new": (USUAL, [*USUAL, record("Mail lost")], [("event_new", "Mail lost", None, 0, 1)]),
    "field_vanished": (USUAL, [record()], [("field_vanished", "Mail sent", "size", ["integer"], [])]),
    "field_vanished_that_was_nearly_always_there": (
        [*USUAL[:99], record()],
        [record()],
        [("field_vanished", "Mail sent", "size", ["integer"], [])],
    ),
    "field_gone_that_was_rare": ([*USUAL[:98], record(), record()], [record()], []),
    "field_new": ([record()], USUAL[:1], [("field_new", "Mail sent", "size", [], ["integer"])]),
    "field_rarer": (USUAL, [*USUAL[:9], record()], [("field_rarer", "Mail sent", "size", [200, 200], [9, 10])]),
    "type_changed": (USUAL, [record(size="1")], [("type_changed", "Mail sent", "size", ["integer"], ["string"])]),
    "type_added": (USUAL, [record(size=1), record(size=None)], [
        ("type_changed", "Mail sent", "size", ["integer"], ["integer", "null"])
    ]),
    "type_dropped": ([record(size=1), record(size=None)], USUAL, []),
    "levels_changed": (USUAL, [record(size=1, level="error")], [
        ("levels_changed", "Mail sent", None, ["info"], ["error"])
    ]),
    "no_longer_constant": ([record("Mail 1")], [record(f"Mail {each}") for each in range(30)], [
        ("no_longer_constant", "Mail …", None, 1, 30)
    ]),
    "figures_in_an_event": ([record("Mail 1")], [record("Mail 2")], []),
}  # fmt: skip


@pytest.mark.parametrize(("before", "after", "expected"), CASES.values(), ids=CASES)
def test_a_change_is_told(before: list[Members], after: list[Members], expected: list[tuple[Any, ...]]) -> None:
    """Events and fields that came, went or changed are told; what a smaller sample merely lacks by chance is not."""
    assert changes(before, after) == expected


@pytest.mark.parametrize("name", CASES)
def test_what_readers_break_on_is_a_regression(name: str) -> None:
    """An event or a field that vanished, or a type that changed; with `--fail-on none` nothing is."""
    before, after, expected = CASES[name]
    breaking = any(each[0] in {"event_vanished", "field_vanished", "type_changed"} for each in expected)
    made = [diff(catalog(before), catalog(after), each)["regression"] for each in ("violation", "warning", "none")]
    assert made == [breaking, breaking, False]


def test_every_kind_is_in_the_schema() -> None:
    """The schema names the kinds in the order in which they are told."""
    assert SCHEMA["$defs"]["event"]["properties"]["change"]["enum"] == list(CHANGES)


def test_what_a_catalog_leaves_out_is_not_called_vanished() -> None:
    """Beyond the limits of a catalog, an event or a field that is not there may have been left out."""
    many = [record(f"{chr(97 + each // 20)} {chr(98 + each % 20)} was sent") for each in range(200)]
    made = diff(catalog(USUAL), catalog([record(logger="app.mail"), *many]))
    assert "event_vanished" not in {each["change"] for each in made["changes"]}
    assert made["notes"] == ["the catalog after leaves events out: vanished events are not told"]
    wide = [record(**{f"f{each}": 1 for each in range(200)})]
    assert {each[0] for each in changes(USUAL, wide)} == {"field_new"}


def test_a_sample_that_was_not_read_whole_is_said() -> None:
    """What it lacks may be in the part that was not read."""
    made = diff(catalog([]), catalog([], partial=True))
    assert made["notes"] == [
        "the sample before holds no record",
        "the sample after was not read to its end: what it lacks may be there all the same",
        "the sample after holds no record",
    ]


def test_the_text_is_exactly_this() -> None:
    """Each change names the service, the logger, the event and the field."""
    before, after = [*USUAL, record("Mail lost")], [record(size="1"), record()]
    assert render(diff(catalog(before), catalog(after))) == (
        "regression: before.json → after.json, 2 events before, 1 after\n"
        "events vanished: 1, types changed: 1, fields no longer always there: 1\n"
        "\n"
        "events vanished\n"
        "  worker app.tasks: Mail lost\n"
        "    1 record → 0\n"
        "\n"
        "types changed\n"
        "  worker app.tasks: Mail sent, field size\n"
        "    integer → string\n"
        "\n"
        "fields no longer always there\n"
        "  worker app.tasks: Mail sent, field size\n"
        "    in 100 % of its records → 50 %\n"
    )
