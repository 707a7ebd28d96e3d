"""The short way from a call to a line gives what the long way gives, or leaves the record to it."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from reference_worker.logging.context import CONTEXT_FIRST
from reference_worker.logging.execution import Execution, guard
from reference_worker.logging.pipeline import Pipeline
from reference_worker.logging.quick import BASE, LONGEST_LINE, quick_line

# What patterns look for, in pieces; letters with more than two cases; characters that need care.
FRAGMENTS = (
    *("password", "pass", "word", "PaſſWord", "toKen", "token", "secret", "ſecret", "api", "_", "-", "key", "Key"),
    *(
        "auth",
        "authorızation",
        "pwd",
        "cookie",
        "credential",
        "private key",
        "bearer ",
        "BASIC ",
        "baſic ",
        "abcdefgh1",
    ),
    *("=", ":", "=>", ": ", "'", '"', '\\"', "\\", "/", "://", "@", "u:p", " ", "&", ",", "(", "]", "\n", "\t"),
    *(
        "hunter2",
        "None",
        "null",
        "[redacted]",
        "***",
        "1",
        "é",
        "\u2028",
        "\x7f",
        "\x85",
        "\0",
        "\ud800",
        "😀",
        "\ufeff",
    ),
    *("-----BEGIN ", "PRIVATE KEY", "-----", "count", "s", "x" * 300),
)
odd_texts = st.lists(st.sampled_from(FRAGMENTS), max_size=8).map("".join)
plain_texts = st.text("abc xyz.,0123456789é–…", min_size=1, max_size=30)
texts = plain_texts | odd_texts | st.text(max_size=20)
NAMES = ("rows", "duration_ms", "état", "x", "api_key", "total_tokens", "has_password", "extra_event", "a b", "")
names = st.sampled_from([*NAMES, *BASE, *CONTEXT_FIRST, "task_name", "state", "error", "exc_info", "truncated"])
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.sampled_from([0, -0.0, 2**63, 2**64 - 1, -(2**63), math.inf])
    | texts
)
values = scalars | st.lists(scalars, max_size=3) | st.tuples(texts) | st.dictionaries(texts, scalars, max_size=2)
plain_values = (
    plain_texts | st.integers(-1000, 1000) | st.floats(0, 1) | st.booleans() | st.lists(plain_texts, max_size=3)
)
contexts = st.dictionaries(st.sampled_from(CONTEXT_FIRST), plain_texts) | st.dictionaries(names, values, max_size=4)
fields = st.dictionaries(st.sampled_from(["rows", "template", "x"]), plain_values) | st.dictionaries(
    names, values, max_size=4
)
secrets = st.just([]) | st.lists(
    st.sampled_from(["hunter2", "abcd", "rows", "1234", "a.b.c"]) | plain_texts, max_size=2
)


def base(said: str, logger: str = "a.b", level: str = "info") -> dict[str, Any]:
    return {
        "timestamp": "2025-09-12T20:05:03.001184Z",
        "level": level,
        "service": "worker",
        "logger": logger,
        "event": said,
    }


def both_ways(
    record: dict[str, Any], context: dict[str, Any], told: dict[str, Any], hidden: list[str]
) -> tuple[bytes | None, bytes]:
    """Return the line of the short way, if it makes one, and that of the long way."""
    secret = tuple(sorted({text for text in hidden if len(text) >= 4}, key=len, reverse=True))
    running = Execution("t", "a.b", {}, secrets=secret)
    guard(running)
    _, careful = Pipeline()._with_care(dict(record), context, told, None, trusted=False)
    return quick_line(dict(record), context, told, secret), careful


@settings(max_examples=800, deadline=None)
@given(texts, texts | st.just("app.tasks"), st.sampled_from(["debug", "info", "warning"]), contexts, fields, secrets)
def test_both_ways_give_the_same_line(
    said: str, logger: str, level: str, context: dict[str, Any], told: dict[str, Any], hidden: list[str]
) -> None:
    """FMT015, SAFE001, CTX004: byte for byte, wherever the short way gives one."""
    quick, careful = both_ways(base(said, logger, level), context, told, hidden)
    event("quick" if quick else "careful")
    assert quick is None or quick == careful


@settings(max_examples=300, deadline=None)
@given(plain_texts, contexts, fields)
def test_a_context_and_fields_may_share_names(said: str, context: dict[str, Any], told: dict[str, Any]) -> None:
    """CTX006: a field says more than the context; both ways put it in the same place."""
    quick, careful = both_ways(base(said), {**context, **told}, told, [])
    assert quick is None or quick == careful


PLAIN = {"rows": 3, "template": "welcome", "share": 0.5, "done": True, "nothing": None, "names": ["a", "b"]}


@pytest.mark.parametrize("said", ["Email sent", "Émail sent – é…"])
@pytest.mark.parametrize("hidden", [[], ["hunter2"]])
def test_plain_records_go_the_short_way(said: str, hidden: list[str]) -> None:
    """Otherwise the properties above would say nothing."""
    quick, careful = both_ways(base(said), {"task_id": "t-1", "operation": "task.a", "batch": 7}, PLAIN, hidden)
    assert quick == careful


@pytest.mark.parametrize(
    ("said", "logger", "told"),
    [
        ("token=abc", "a", {}),
        ("E", "a", {"text": "is hunter2"}),
        ("E", "a", {"token": "x"}),
        ("E", "a", {"event": "forged"}),
        ("E", "a", {"task_id": "forged"}),
        ("E", "a", {"text": "\u2028"}),
        ("E", "a\x7f", {}),
        ("E", "a", {"number": 2**64}),
        ("E", "a", {"number": math.nan}),
        ("E", "a", {"text": "x" * 1001}),
        ("E", "a", {"value": {"nested": 1}}),
        ("E", "a", {f"name{number}": "x" * 900 for number in range(LONGEST_LINE // 900 + 1)}),
        ("", "a", {}),
    ],
)
def test_what_needs_care_goes_the_long_way(said: str, logger: str, told: dict[str, Any]) -> None:
    """FMT010, FMT014, SAFE001: the short way leaves it alone."""
    quick, _ = both_ways(base(said, logger), {}, told, ["hunter2"])
    assert quick is None
