"""The contract's own examples, judged: what conforms has no fault, and what violates breaks that one requirement."""

from __future__ import annotations

import io

import pytest

from logconform.contract import Example, load_contract
from logconform.judge import judge_stream
from logconform.records import read_stream

CONTRACT = load_contract()
EXAMPLES = [
    pytest.param(name, example, id=f"{name}-{example.kind}-{number}")
    for name in CONTRACT
    for number, example in enumerate(CONTRACT.examples_of(name))
    if example.language == "ndjson"
]


@pytest.mark.parametrize("complete", [False, True], ids=["a sample", "a whole stream"])
@pytest.mark.parametrize(("name", "example"), EXAMPLES)
def test_an_example_is_judged_as_it_is_labelled(name: str, example: Example, complete: bool) -> None:
    """
    Whether it is taken for a part of a log or for all of it, an example has exactly the findings that its page says.

    None of them depends on what a cut would have taken away, so both ways of judging agree.
    """
    page = f"docs/{CONTRACT[name].page}"
    verdict = judge_stream(read_stream(io.BytesIO(example.text.encode()), page), complete=complete)
    expected = set() if example.kind == "conforms" else {name}
    told = [
        f"{page}:{example.line + (each.place.line - 1 if each.place else 0)}: {each.requirement} {each.message}"
        for each in verdict.findings
    ]
    assert {finding.requirement for finding in verdict.findings} == expected, told or "nothing is found in it"


def test_every_page_has_examples() -> None:
    """Nothing was skipped because it could not be found: each area but those about configuration has records."""
    assert {param.values[0].rstrip("0123456789") for param in EXAMPLES} >= {"FMT", "CTX", "START", "EXEC", "DONE"}
    assert len(EXAMPLES) > 80
