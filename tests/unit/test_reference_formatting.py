"""Templates with their arguments: as Python formats them, unless that takes long or raises."""

from __future__ import annotations

from typing import Any

import pytest

from reference_worker.logging.formatting import LONGEST_ARGUMENT, LONGEST_SHOWN, formatted
from tests.unit.hostile_values import refuses

refusing = refuses("__str__", "__repr__")
large = {"password": "hunter2", "rows": list(range(100_000))}


@pytest.mark.parametrize(
    ("template", "args", "shown"),
    [
        ("plain 100%", (), "plain 100%"),
        ("%s of %05.1f%% %r", (2, 5, "a"), "2 of 005.0% 'a'"),
        ("%s", ({"a": [1]},), "{'a': [1]}"),
        ("%(a)s and %(b)03d", {"a": "x", "b": 7}, "x and 007"),
        ("whole %s", {"a": 1}, "whole {'a': 1}"),
        ("%s", 3, "3"),
        ("too %s %s", ("few",), "too %s %s"),
        ("too many", (1,), "too many"),
        ("%(missing)s", {"a": 1}, "%(missing)s"),
        ("%s and %d", (refusing, 3), "<unprintable Refuses> and 3"),
        ("%(a)s and %(b)x", {"a": refusing, "b": 255}, "<unprintable Refuses> and ff"),
        ("%s", (10**5000,), "<integer of 16610 bits>"),
        ("%x", (2**63,), "8000000000000000"),
        (refusing, (1,), "<unprintable Refuses>"),
    ],
)
def test_what_can_be_shown_is(template: object, args: Any, shown: str) -> None:
    """FMT010: an argument that cannot be shown costs nothing but itself."""
    assert formatted(template, args) == shown


@pytest.mark.parametrize(
    ("template", "args"), [("%s", (large,)), ("%s", large), ("%(x)s", {"x": large}), (large, (1,))]
)
def test_a_large_argument_is_shown_as_a_field_would_be(template: object, args: Any) -> None:
    """FMT011, SAFE001: a part of it, without secrets."""
    message = formatted(template, args)
    assert message.startswith('{"password":"[redacted]","rows":[0,1,2,3,')
    assert LONGEST_SHOWN / 2 < len(message) < 2 * LONGEST_SHOWN


def test_a_long_text_is_cut_beyond_what_a_record_has_room_for() -> None:
    """FMT011: where a secret may lie across the cut, nobody sees it."""
    assert formatted("%s", ("x" * 10_000_000,)) == "x" * LONGEST_ARGUMENT
