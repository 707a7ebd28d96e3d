"""The contract's pages, and the loader that reads them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from logconform.contract import ContractError, Example, Level, Requirement, UnknownRequirement, load_contract

CONTRACT = load_contract()
INDEX = (Path(__file__).parents[2] / "docs" / "contract" / "index.md").read_text(encoding="utf-8")

COUNTS = {
    "FMT": 17,
    "CTX": 13,
    "START": 5,
    "EXEC": 4,
    "DONE": 7,
    "FAIL": 8,
    "RETRY": 7,
    "PROG": 3,
    "RES": 2,
    "SAFE": 4,
    "SINK": 7,
    "LIFE": 4,
    "TRACE": 3,
}
PROFILES = {
    "core": ("FMT", "CTX", "START", "EXEC", "DONE", "FAIL"),
    "retry": ("RETRY",),
    "progress": ("PROG",),
    "resource": ("RES",),
    "safety": ("SAFE",),
    "runtime": ("SINK", "LIFE"),
    "tracing": ("TRACE",),
}
SHOULDS = [
    "FMT008",
    "FMT012",
    "FMT015",
    "FMT017",
    "CTX009",
    "CTX012",
    "START005",
    "EXEC004",
    "DONE006",
    "DONE007",
    "FAIL006",
    "FAIL007",
    "RETRY007",
    "PROG003",
    "RES002",
    "SAFE004",
    "LIFE004",
    "TRACE003",
]

BASE_FIELDS = ["timestamp", "level", "service", "logger", "event"]


def examples(kind: str, language: str) -> list[tuple[str, Example]]:
    return [
        (name, example)
        for name in CONTRACT
        for example in CONTRACT.examples_of(name)
        if (example.kind, example.language) == (kind, language)
    ]


# The pages


def test_version():
    """The contract's version is 1.0, and its text says so too."""
    assert CONTRACT.version == "1.0"
    assert "Version 1.0." in INDEX


def test_identifiers():
    """Each area numbers its requirements from 001 without a gap, and the areas come in their order."""
    counts = {area: sum(each.area == area for each in CONTRACT.values()) for area in CONTRACT.areas}
    assert list(CONTRACT) == [f"{area}{number:03}" for area, count in counts.items() for number in range(1, count + 1)]
    assert list(counts)[: len(COUNTS)] == list(COUNTS)


def test_no_requirement_is_gone():
    """What version 1.0 began with is all there; a new requirement needs no word here."""
    began = [f"{area}{number:03}" for area, count in COUNTS.items() for number in range(1, count + 1)]
    assert [name for name in began if name not in CONTRACT] == []


def test_no_level_has_changed():
    """Of the 84 requirements that version 1.0 began with, 18 are SHOULD, all others MUST."""
    began = [each for each in CONTRACT.values() if int(each.id[-3:]) <= COUNTS.get(each.area, 0)]
    assert len(began) == 84
    assert [each.id for each in began if each.level is Level.SHOULD] == SHOULDS


def test_profiles():
    """Each area is in one profile, and the requirements are in that of their area."""
    assert CONTRACT.profiles == PROFILES
    assert all(CONTRACT.areas[each.area].profile == each.profile for each in CONTRACT.values())


def test_index_tabulates_the_profiles():
    """The table of profiles on the index page is that of the pages' front matter."""
    rows = re.findall(r"^\| `(\w+)` \| (\[.*\)) \|", INDEX, re.MULTILINE)
    assert {name: tuple(re.findall(r"\[(\w+)\]", areas)) for name, areas in rows} == PROFILES


def test_links_lead_to_requirements():
    """A link to a requirement names its page and its anchor."""
    folder = Path(__file__).parents[2] / "docs" / "contract"
    links = [
        link
        for page in folder.glob("*.md")
        for link in re.findall(r"\[(\w+)\]\((\w+\.md)#(\w+)\)", page.read_text(encoding="utf-8"))
    ]
    assert len(links) >= 10
    assert [link for link in links if (f"contract/{link[1]}", link[2]) != (CONTRACT[link[0]].page, link[0])] == []


@pytest.mark.parametrize("requirement", CONTRACT.values(), ids=list(CONTRACT))
def test_heading(requirement: Requirement):
    """A requirement's page and line lead to its heading, whose anchor is its identifier."""
    page = Path(__file__).parents[2] / "docs" / requirement.page
    line = page.read_text(encoding="utf-8").splitlines()[requirement.line - 1]
    assert line.startswith(f"## {requirement.id}: ")
    assert line.endswith(f" {{ #{requirement.id} }}")


@pytest.mark.parametrize("requirement", CONTRACT.values(), ids=list(CONTRACT))
def test_statement_is_plain(requirement: Requirement):
    """A statement is plain text without its level; only its code spans are left."""
    assert requirement.statement.endswith((".", ")"))
    assert not re.search(r"\*|\]\(|MUST|SHOULD", re.sub(r"`[^`]*`", "", requirement.statement))


@pytest.mark.parametrize("name", CONTRACT)
def test_why_and_both_examples(name: str):
    """Each requirement has a reason, a conforming example and a violating one."""
    assert CONTRACT.why_of(name)
    assert {example.kind for example in CONTRACT.examples_of(name)} == {"conforms", "violates"}
    assert {example.language for example in CONTRACT.examples_of(name)} <= {"ndjson", "python", "text"}


@pytest.mark.parametrize(("name", "example"), examples("conforms", "ndjson"))
def test_conforming_records(name: str, example: Example):
    """Conforming records are whole: JSON objects with the base fields first."""
    for line in example.text.splitlines():
        assert list(json.loads(line))[:5] == BASE_FIELDS, name


@pytest.mark.parametrize(("name", "example"), examples("conforms", "python") + examples("violates", "python"))
def test_python_compiles(name: str, example: Example):
    """Examples in Python compile."""
    compile(example.text, f"{CONTRACT[name].page}:{example.line}", "exec")


def test_example_line():
    """An example's line is that of its first line of text."""
    page = Path(__file__).parents[2] / "docs" / CONTRACT["FMT001"].page
    lines = page.read_text(encoding="utf-8").splitlines()
    for example in CONTRACT.examples_of("FMT001"):
        assert lines[example.line - 1] == example.text.splitlines()[0]


# The loader

PAGE = """\
---
area: CTX
title: Context binding
profile: core
---

# CTX: context binding

## CTX001: The id { #CTX001 }

**MUST:** every record carries [`task_id`](x.md),
*always*, and `a ** b ** c` stays.

**Why.** It is **how** records are found.

**Conforms**

```ndjson
{"a": 1}
{"a": 2}
```

```python
## CTX is no heading here
```

**Violates**

```text
nothing
```
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A contract of one page and one requirement."""
    (tmp_path / "index.md").write_text('---\ncontract_version: "2.1"\nprofiles: core, retry\nareas: CTX\n---\n\n# C\n')
    (tmp_path / "context.md").write_text(PAGE)
    return tmp_path


def test_loads(folder: Path):
    """A page gives requirements with plain statements, its version and its place."""
    contract = load_contract(folder)
    assert contract.version == "2.1"
    assert dict(contract) == {
        "CTX001": Requirement(
            id="CTX001",
            area="CTX",
            level=Level.MUST,
            title="The id",
            statement="every record carries `task_id`, always, and `a ** b ** c` stays.",
            profile="core",
            page="contract/context.md",
            line=9,
        )
    }
    assert contract.why_of("CTX001") == "It is how records are found."


def test_examples(folder: Path):
    """Fenced blocks belong to the label above them, and keep their text to the letter."""
    assert load_contract(folder).examples_of("CTX001") == [
        Example("conforms", "ndjson", '{"a": 1}\n{"a": 2}\n', 19),
        Example("conforms", "python", "## CTX is no heading here\n", 24),
        Example("violates", "text", "nothing\n", 30),
    ]


def test_installed_contract_is_read_once():
    """Without a folder the contract is the same object each time."""
    assert load_contract() is load_contract()


def test_new_page_is_found(folder: Path):
    """A page needs no entry in the index; its area comes last."""
    (folder / "a.md").write_text("---\narea: NEW\ntitle: New\nprofile: retry\n---\n## NEW001: One\n\n**SHOULD:** be.\n")
    contract = load_contract(folder)
    assert list(contract) == ["CTX001", "NEW001"]
    assert contract["NEW001"].statement == "be."
    assert contract.profiles == {"core": ("CTX",), "retry": ("NEW",)}


def test_level_within_the_sentence(folder: Path):
    """A level word inside the sentence counts, and stays where the sentence needs it."""
    (folder / "context.md").write_text(PAGE.replace("**MUST:** every record carries", "Every record SHOULD carry"))
    requirement = load_contract(folder)["CTX001"]
    assert requirement.level is Level.SHOULD
    assert requirement.statement.startswith("Every record SHOULD carry `task_id`")


FAULTS = {
    "no level": ("**MUST:** every", "every", 11, "the statement of CTX001 has no level"),
    "lower case": ("**MUST:**", "**must:**", 11, "the statement of CTX001 has no level"),
    "two levels": ("*always*", "and SHOULD always", 11, "the statement of CTX001 has 2 levels: MUST, SHOULD"),
    "level twice": ("*always*", "it MUST", 11, "the statement of CTX001 has 2 levels: MUST, MUST"),
    "other level": ("**MUST:**", "**MAY:**", 11, "the statement of CTX001 has the level MAY"),
    "no statement": ("**MUST:** every", "**Why.** every", 9, "CTX001 has no statement"),
    "other heading": ("CTX001: The id {", "The id {", 9, "'## The id { #CTX001 }' is not the heading of a requirement"),
    "two digits": ("## CTX001", "## CTX01", 9, "'## CTX01: The id { #CTX001 }' is not the heading of a requirement"),
    "other area": ("CTX001", "FMT001", 9, "FMT001 is not of this page's area CTX"),
    "other anchor": ("#CTX001 }", "#CTX002 }", 9, "CTX001 has the anchor CTX002"),
    "no front matter": ("---\narea", "area", 1, "the page has no front matter"),
    "front matter without an end": ("core\n---\n\n# CTX: context binding\n", "core\n", 5, "'' is no front matter"),
    "malformed front matter": ("title: Con", "title Con", 3, "'title Context binding' is no front matter"),
    "no area": ("area: CTX\n", "", 1, "the front matter has no area"),
    "no title": ("title: Context binding\n", "", 1, "the front matter has no title"),
    "empty profile": ("profile: core", "profile:", 1, "the front matter has no profile"),
    "unknown profile": ("profile: core", "profile: cores", 4, "unknown profile cores"),
    "open fence": ("nothing\n```", "nothing", 29, "the fence has no end"),
}


@pytest.mark.parametrize(("old", "new", "line", "message"), FAULTS.values(), ids=FAULTS)
def test_refuses_page(folder: Path, old: str, new: str, line: int, message: str):
    """A page that does not read as part of the contract is refused with its line."""
    assert PAGE.count(old) >= 1
    page = folder / "context.md"
    page.write_text(PAGE.replace(old, new))
    with pytest.raises(ContractError) as caught:
        load_contract(folder)
    error = caught.value
    assert (error.path, error.line, error.message) == (page, line, message)
    assert str(error) == f"{page}:{line}: {message}; {error.remedy}"
    assert error.remedy


def test_refuses_repetition_on_one_page(folder: Path):
    """A repeated identifier is refused, with both places."""
    page = folder / "context.md"
    page.write_text(PAGE + "\n## CTX001: Again { #CTX001 }\n\n**MUST:** be.\n")
    with pytest.raises(ContractError, match=re.escape(f"{page}:33: CTX001 is already defined at {page}:9; ")):
        load_contract(folder)


def test_refuses_heading_swallowed_by_a_fence(folder: Path):
    """A requirement below a fence without an end is not lost silently."""
    page = folder / "context.md"
    page.write_text(PAGE.replace("nothing\n```\n", "nothing\n\n## CTX002: Next\n\n**MUST:** be.\n\n```text\nx\n```\n"))
    with pytest.raises(ContractError, match=re.escape(f"{page}:29: the fence has no end; ")):
        load_contract(folder)


def test_refuses_heading_of_another_level(folder: Path):
    """A requirement under a heading of level 3 is not taken for a part of the one above."""
    page = folder / "context.md"
    page.write_text(PAGE + "\n### CTX002: Next { #CTX002 }\n\n**MUST:** be.\n")
    with pytest.raises(ContractError) as caught:
        load_contract(folder)
    assert caught.value.line == 33
    assert caught.value.remedy == "write `## CTX002: Title { #CTX002 }`"


def test_refuses_second_page_of_an_area(folder: Path):
    """An area has one page."""
    (folder / "zweite.md").write_text(PAGE)
    with pytest.raises(ContractError) as caught:
        load_contract(folder)
    assert str(caught.value).startswith(
        f"{folder / 'zweite.md'}:2: area CTX has a page already: {folder / 'context.md'};"
    )


def test_refuses_empty_folder(tmp_path: Path):
    """A folder without an index is no contract."""
    with pytest.raises(ContractError, match=re.escape(f"{tmp_path / 'index.md'}:1: the contract has no index page; ")):
        load_contract(tmp_path)


def test_refuses_index_alone(folder: Path):
    """An index without a page is no contract."""
    (folder / "context.md").unlink()
    with pytest.raises(ContractError, match=re.escape(f"{folder / 'index.md'}:1: no area has a page; ")):
        load_contract(folder)


@pytest.mark.parametrize("key", ["contract_version", "profiles"])
def test_refuses_index_without(folder: Path, key: str):
    """The index names the contract's version and its profiles."""
    index = folder / "index.md"
    index.write_text(re.sub(rf"(?m)^{key}:.*\n", "", index.read_text()))
    with pytest.raises(ContractError, match=re.escape(f"{index}:1: the front matter has no {key}; ")):
        load_contract(folder)


# Looking up


@pytest.mark.parametrize("name", ["CTX005", "ctx005", " Ctx005 "])
def test_find(name: str):
    """A requirement is found in any case."""
    assert CONTRACT.find(name) is CONTRACT["CTX005"]


def test_find_suggests():
    """An unknown identifier comes with the nearest known ones."""
    with pytest.raises(UnknownRequirement) as caught:
        CONTRACT.find("RETRY03")
    assert caught.value.suggestions[0] == "RETRY003"
    assert str(caught.value).startswith("no requirement is called RETRY03; did you mean RETRY003")


def test_find_without_anything_near():
    """Where nothing is near, nothing is suggested."""
    with pytest.raises(UnknownRequirement, match="no requirement is called zzz; the contract's pages name them all"):
        CONTRACT.find("zzz")
