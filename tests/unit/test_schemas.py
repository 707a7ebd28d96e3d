"""The schemas, their examples, and the checker that reads them."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from logconform import schemas
from logconform.contract import ContractError, load_contract
from logconform.records import Place, Reading, Record, read_line
from logconform.schemas import check_record, kind_of, requirements_of, schema, schema_folder, schema_names

EXAMPLES = Path(__file__).parents[2] / "schemas" / "examples"
PLACE = Place("example", 1, 0)


def examples(validity: str) -> list[Any]:
    files = sorted(EXAMPLES.glob(f"*/{validity}/*.json"))
    return [pytest.param(file, id=f"{file.parts[-3]}/{file.stem}") for file in files]


def read(file: Path) -> Reading:
    """Read an example, which is a record laid out over several lines, as one line."""
    return read_line(file.read_bytes().strip().replace(b"\n", b" ") + b"\n", PLACE)


def record_of(**members: Any) -> Record:
    return Record(PLACE, json.dumps(members).encode() + b"\n", members)


def requirements_violated(reading: Reading) -> list[str]:
    found = [defect.requirement for defect in reading.defects]
    if reading.record is not None:
        found += [finding.requirement for finding in check_record(reading.record)[1]]
    return found


def nodes(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
        for child in node.values():
            yield from nodes(child)
    elif isinstance(node, list):
        for child in node:
            yield from nodes(child)


class TestExamples:
    @pytest.mark.parametrize("file", examples("valid"))
    def test_a_valid_example_has_no_finding(self, file: Path) -> None:
        """A valid example is of its folder's kind, and neither reader nor schema finds a fault in it."""
        reading = read(file)
        assert reading.record is not None
        assert kind_of(reading.record) == file.parts[-3]
        assert requirements_violated(reading) == []

    @pytest.mark.parametrize("file", examples("invalid"))
    def test_an_invalid_example_violates_what_its_name_says(self, file: Path) -> None:
        """An invalid example violates exactly the requirements that its file name starts with."""
        expected = re.findall(r"[A-Z]+[0-9]{3}", file.stem)
        reading = read(file)
        assert sorted(set(requirements_violated(reading))) == sorted(expected)
        if reading.record is not None:
            assert kind_of(reading.record) == file.parts[-3]
            checked, findings = check_record(reading.record)
            assert {finding.requirement for finding in findings} <= set(checked)

    @pytest.mark.parametrize("name", schema_names())
    def test_every_kind_has_examples_of_both(self, name: str) -> None:
        """Every kind has a valid example, and an invalid one for every requirement of its schema."""
        assert list((EXAMPLES / name / "valid").glob("*.json"))
        shown = {
            part for file in EXAMPLES.glob("*/invalid/*.json") for part in re.findall(r"[A-Z]+[0-9]{3}", file.stem)
        }
        assert set(requirements_of(name)) <= shown


class TestMeta:
    @pytest.mark.parametrize("name", schema_names())
    def test_it_is_a_valid_schema_under_its_own_name(self, name: str) -> None:
        """Every schema is valid JSON Schema 2020-12, and its `$id` is its file's name."""
        document = schema(name)
        Draft202012Validator.check_schema(document)
        assert document["$schema"] == "https://json-schema.org/draft/2020-12/schema"
        assert document["$id"] == f"{name}.schema.json"
        assert (schema_folder() / document["$id"]).is_file()
        assert name == "record" or document["$ref"] == "record.schema.json"

    @pytest.mark.parametrize("name", schema_names())
    def test_every_property_is_documented(self, name: str) -> None:
        """Every schema has prose, and every property a description, a requirement and examples that it accepts."""
        document = schema(name)
        assert document["title"]
        assert document["description"]
        assert document["x-requirement"]
        for member, node in document["properties"].items():
            assert node["description"], member
            assert node["x-requirement"], member
            assert node["examples"] or node["not"] == {}, member

    @pytest.mark.parametrize("name", schema_names())
    def test_examples_of_properties_are_valid(self, name: str) -> None:
        """What a property gives as an example is accepted there."""
        kind = schemas._kind(name)
        for member, node in schema(name)["properties"].items():
            for example in node["examples"]:
                errors = [error for error in kind.errors({member: example}) if list(error.absolute_path) == [member]]
                assert errors == [], (member, example)

    @pytest.mark.parametrize("name", schema_names())
    def test_every_assertion_can_be_explained(self, name: str) -> None:
        """Whatever a schema asserts about a value has a phrase that completes "must ..."."""
        assertions = {"type", "enum", "const", "pattern", "minLength", "maxLength", "minimum", "not", "uniqueItems"}
        document = schema(name)
        notes = schemas._notes_in(document)
        unexplained = [node for node in nodes(document) if assertions & node.keys() and not notes[id(node)].must]
        conditions = list(nodes(document.get("if", {})))
        assert [node for node in unexplained if node is not document and node not in conditions] == []

    @pytest.mark.parametrize("name", schema_names())
    def test_every_fault_has_a_remedy(self, name: str) -> None:
        """Whatever a schema asks of a member, it says how to mend it."""
        notes = schemas._notes_in(schema(name))
        properties = schema(name)["properties"]
        bare = [member for member, node in properties.items() if not notes[id(node)].fix and "$ref" not in node]
        assert bare == []

    def test_every_requirement_is_in_the_contract(self) -> None:
        """Every requirement that a schema names is in the contract."""
        contract = load_contract()
        for name in schema_names():
            assert set(requirements_of(name)) <= set(contract), name


class TestKind:
    @pytest.mark.parametrize(
        ("members", "kind"),
        [
            ({"event": "Task starting"}, "task-start"),
            ({"event": "Task completed", "state": "SUCCESS", "memory_used_mb": 1}, "task-completion"),
            ({"event": "Task completed", "has_return_value": True}, "task-completion"),
            ({"event": "Task completed", "task_name": "t"}, "task-completion"),
            ({"event": "Task completed", "task_name": "t", "memory_used_mb": 1}, "resource-usage"),
            ({"event": "Task completed"}, "resource-usage"),
            ({"event": "Task failed"}, "task-failure"),
            ({"event": "Task failed, retrying"}, "task-retry"),
            ({"event": "Task failed permanently after max retries"}, "task-retries-exhausted"),
            ({"event": "Task revoked"}, "task-revoked"),
            ({"event": "Task ended"}, "task-ended"),
            ({"event": "Processing progress"}, "task-progress"),
            ({"event": "Loading", "total_records": 3}, "task-progress"),
            ({"event": "Loaded", "total_processed": 3, "task_id": "t"}, "task-progress"),
            ({"event": "Done", "memory_used_mb": 1, "duration_ms": 2}, "resource-usage"),
            ({"event": "Done", "memory_used_mb": 1}, "record"),
            ({"event": "Sending", "task_id": "t"}, "task-execution"),
            ({"event": "Ready"}, "record"),
            ({"event": ["Task starting"], "task_id": "t"}, "task-execution"),
            ({"event": "task starting"}, "record"),
            ({}, "record"),
        ],
    )
    def test_the_event_decides_then_the_members(self, members: dict[str, Any], kind: str) -> None:
        """A record's kind follows from its event, else from which members it has."""
        assert kind_of(record_of(**members)) == kind


BASE = {
    "timestamp": "2025-09-12T20:05:03.001184Z",
    "level": "info",
    "service": "worker",
    "logger": "worker",
    "event": "Ready",
}


class TestFindings:
    def test_a_finding_says_what_where_and_how_to_repair(self) -> None:
        """A finding names the member, what it has and must be, the place, the task, the line and the remedy."""
        record = record_of(
            **{**BASE, "timestamp": "2025-09-12 20:05"}, task_id="t1", operation="task.x", password="pw1"
        )
        _, (finding,) = check_record(record)
        assert finding.requirement == "FMT003"
        assert finding.message == (
            'timestamp is "2025-09-12 20:05"; must be RFC 3339 in UTC with six fractional digits and Z'
        )
        assert finding.place == PLACE
        assert finding.task_id == "t1"
        evidence = finding.sealed().evidence
        assert '"timestamp": "2025-09-12 20:05"' in evidence
        assert "pw1" not in evidence
        assert "isoformat" in finding.fix

    def test_one_finding_per_requirement_and_member(self) -> None:
        """A value with several faults against one requirement gives one finding."""
        record = record_of(
            **BASE | {"event": "Task starting"},
            task_id="t",
            task_name="n",
            operation="task.n",
            args_count=0,
            kwargs_keys=["a", "a", 1, 2],
        )
        _, findings = check_record(record)
        assert [finding.message for finding in findings] == [
            'kwargs_keys is ["a", "a", 1, 2]; must be an array of strings, each once'
        ]

    def test_a_missing_member_is_named(self) -> None:
        """A missing member is told by its name, under the requirement that asks for it."""
        _, (finding,) = check_record(record_of(**{**BASE, "task_id": "t"}))
        assert (finding.requirement, finding.message) == ("EXEC001", "operation is missing")

    def test_what_was_checked(self) -> None:
        """A requirement counts as checked if its member is required, or present in this record."""
        required = ["FMT003", "FMT004", "FMT005", "FMT006", "FMT007"]
        assert check_record(record_of(**BASE))[0] == required
        assert check_record(record_of(**BASE, user_id="u"))[0] == ["CTX004", "CTX010", *required]
        assert check_record(record_of(**BASE, trace_id="x"))[0] == [*required, "TRACE001", "TRACE002"]
        assert check_record(record_of())[0] == required

    @pytest.mark.parametrize("odd", [math.nan, math.inf, -math.inf, 10**640, "\ud800", [[]] * 3, {"\ud800": "\x1b"}])
    @pytest.mark.parametrize("member", ["duration_ms", "timestamp", "result", "tenant_id", "anything"])
    def test_odd_values_neither_crash_nor_leave_the_message_unprintable(self, member: str, odd: Any) -> None:
        """NaN, infinities, huge integers and lone surrogates are judged like any other value."""
        record = record_of(**BASE | {"event": "Task completed", "state": "SUCCESS", member: odd})
        for finding in check_record(record)[1]:
            assert finding.message.isprintable()
            assert finding.evidence.isprintable()

    def test_a_value_nested_as_deep_as_the_reader_allows(self) -> None:
        """A value nested 511 levels deep under a checked member gives its finding."""
        raw = b'{"timestamp": ' + b"[" * 511 + b"]" * 511 + b"}\n"
        record = read_line(raw, PLACE).record
        assert record is not None
        assert "FMT003" in [finding.requirement for finding in check_record(record)[1]]

    @pytest.mark.parametrize(
        ("old", "new", "message"),
        [
            ('"title": "Task ended",', '"title": "Task ended"', "the schema is no JSON: Expecting ',' delimiter; "),
            ('"x-must"', '"x-mst"', "no keyword is called x-mst; did you mean x-must?"),
            (
                '"x-requirement": "LIFE004",\n      "x-must"',
                '"x-must"',
                "the member task_name names no requirement;",
            ),
        ],
    )
    def test_a_schema_that_is_written_wrong_is_refused_with_its_place(
        self, tmp_path: Path, old: str, new: str, message: str
    ) -> None:
        """File, line, fault and remedy, as for a page of the contract; never a traceback."""
        path = tmp_path / "task-ended.schema.json"
        text = (schema_folder() / path.name).read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), "utf-8")
        with pytest.raises(ContractError) as caught:
            schemas._kind_schema(path)
        assert re.fullmatch(rf"{re.escape(str(path))}:\d+: {re.escape(message)}.*", str(caught.value))

    def test_unknown_schema(self) -> None:
        """Asking for a kind that does not exist raises KeyError."""
        with pytest.raises(KeyError):
            schema("task-stopped")


MEMBERS = sorted({member for name in schema_names() for member in schema(name)["properties"]})
TEXTS = st.sampled_from(
    [
        "",
        "None",
        "info",
        "error",
        "INFO",
        "a",
        "a.b",
        "a..b",
        "a b",
        "a.b\n",
        "a.\u2028b",
        "a.b\x1c",
        "é.ü",
        "SUCCESS",
        "ABORTED",
        "E: m",
        "E\n",
        "Processing progress",
        "2025-09-12T20:05:03.001184Z",
        "2025-09-12T20:05:03.001184Z\n",
        "2024-02-29T23:59:59.000000Z",
        "2023-02-29T00:00:00.000000Z",
        "2016-06-30T23:59:60.000000Z",
        "00000000000000000000000000000000",
        "4bf92f3577b34da6a3ce929d0e0e4736",
        "00f067aa0ba902b7",
    ]
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | TEXTS
    | st.text("a.\n \x85\u2028\ufeffé𐐀_<>:", max_size=6)
)
NUMBERS = st.sampled_from([0.0, -0.0, 1.0, -1.0, 0.5, 1e20, 1e300])
VALUES = SCALARS | NUMBERS | st.lists(SCALARS | NUMBERS, max_size=3) | st.dictionaries(st.sampled_from("ab"), SCALARS)
RECORDS = st.dictionaries(st.sampled_from(MEMBERS), VALUES, max_size=len(MEMBERS))


class TestBothValidators:
    @pytest.mark.parametrize("file", examples("*valid"))
    def test_they_agree_on_the_examples(self, file: Path) -> None:
        """The fast validator accepts an example exactly where the explaining one finds no error."""
        record = read(file).record
        if record is not None and "unknown-members" not in file.stem:
            kind = schemas._kind(kind_of(record))
            assert kind.accepts(record.members) == (list(kind.errors(record.members)) == [])

    @given(RECORDS, st.sampled_from(schema_names()))
    def test_they_agree_on_any_record(self, members: dict[str, Any], name: str) -> None:
        """The fast validator accepts a record exactly where the explaining one finds no error."""
        kind = schemas._kind(name)
        assert kind.accepts(members) == (list(kind.errors(members)) == [])

    @given(st.sampled_from(examples("valid")), st.sampled_from(MEMBERS), VALUES)
    def test_they_agree_one_member_away_from_a_valid_record(self, example: Any, member: str, value: Any) -> None:
        """They agree as well on records that differ from a valid one in one member."""
        record = read(example.values[0]).record
        assert record is not None
        members = {**record.members, member: value}
        members.pop("half", None)  # a lone surrogate, which only the explaining one reads
        kind = schemas._kind(kind_of(record))
        assert kind.accepts(members) == (list(kind.errors(members)) == [])

    @given(st.sampled_from(MEMBERS), st.sampled_from([math.nan, math.inf, -math.inf]), st.sampled_from(schema_names()))
    def test_the_fast_one_never_accepts_more(self, member: str, value: float, name: str) -> None:
        """What is no JSON number is not accepted where the explaining one sees an error."""
        kind = schemas._kind(name)
        members = {**BASE, member: value}
        assert not kind.accepts(members) or list(kind.errors(members)) == []
