"""What is told sooner is told right, and what is cut is not cut in the middle of a secret."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reference_worker.logging import encoding, redaction
from reference_worker.logging.encoding import LONGEST_CUT, LONGEST_RECORD, Plain
from reference_worker.logging.redaction import LOOKAHEAD, beginning, is_innocent, redact_text, secret_values
from tests.unit.test_reference_quick import FRAGMENTS

SECRET = "Qj7Zk9Xv3Wp5"
texts = st.lists(st.sampled_from(FRAGMENTS) | st.characters(), max_size=12).map("".join)


@settings(max_examples=1500, deadline=None)
@given(texts)
def test_no_hint_is_missed(text: str) -> None:
    """SAFE001: a text in which nothing hints at a secret is one that no pattern changes."""
    told = is_innocent(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(redaction, "_hints", lambda _text: True)
        assert told == (redact_text(text) == text)


@settings(max_examples=1500, deadline=None)
@given(texts)
def test_a_pattern_by_first_letters_is_one_that_ignores_case(text: str) -> None:
    """Also for letters with more than two cases, such as the long s and the Kelvin sign."""
    quick = re.compile(redaction._any_case(redaction._STEMS))
    plain = re.compile("|".join(redaction._STEMS), re.IGNORECASE)
    assert [match.span() for match in quick.finditer(text)] == [match.span() for match in plain.finditer(text)]


@pytest.mark.parametrize(
    "text", ["PAſſWORD=x", "toKen: x", "authorıſation=x", "baſic abcdefgh1", "API KEY=x", "ſecret=x"]
)
def test_odd_letters_hide_nothing(text: str) -> None:
    """SAFE001: whatever the regular expressions take for the same letter."""
    assert not is_innocent(text)
    assert redact_text(text).endswith("[redacted]")


def masks_all(shown: str, secret: str) -> bool:
    """Whether no four characters of *secret* are left."""
    return not any(secret[at : at + 4] in shown for at in range(len(secret) - 3))


SHAPES = {
    "pair": "password={}",
    "quoted pair": "password='{} and more'",
    "member": '{{"api_key": "{}", "n": 1}}',
    "member in a string": '"{{\\"token\\": \\"{}\\"}}"',
    "header": "Authorization: Bearer {}",
    "bearer": "sent bearer {}",
    "private key": "-----BEGIN RSA PRIVATE KEY-----\n{}\n-----END RSA PRIVATE KEY-----",
    "URL": "redis://user:{}@db:6379/0",
    "known": "it was {}",
}


# The credentials in a URL are not that long.
LONG_SHAPES = [(shape, times) for shape in SHAPES for times in (1, 150, 1_000) if (shape, times) != ("URL", 1_000)]


@pytest.mark.parametrize(("shape", "times"), LONG_SHAPES)
@pytest.mark.parametrize("before", ["", "x " * 5_000, "x" * 5_000 + " ", "password=abc " * 500], ids=len)
def test_no_half_of_a_secret_stays(shape: str, before: str, times: int) -> None:
    """SAFE001: wherever a text is cut; what is cut off would have told that it was one."""
    secret = SECRET * times
    piece = SHAPES[shape].format(secret)
    text = f"{before}{piece} after" + " y" * 5_000
    step = max(len(piece) // 60, 1)
    for cut in range(len(before), len(before) + len(piece) + 12, step):
        shown = redact_text(beginning(text, cut, [secret]), [secret])
        assert masks_all(shown, SECRET), shown[-200:]
        assert len(beginning(text, cut, [secret])) >= len(before) - 1


@pytest.mark.parametrize("shape", SHAPES)
def test_no_half_of_a_secret_stays_in_a_record(shape: str) -> None:
    """SAFE001, FMT011: of a text of 10 MB, which a record shows the first part of."""
    piece = SHAPES[shape].format(SECRET)
    for place in range(LONGEST_CUT - len(piece), LONGEST_CUT + 2):
        text = "x " * (place // 2) + piece + " y" * LONGEST_RECORD
        assert masks_all(Plain([SECRET]).text(text), SECRET)


def test_secrets_that_overlap_end_the_search() -> None:
    """A text that is nothing but secrets is cut all the same."""
    assert 80 <= len(beginning("aaaa" * 100, 100, ["aaaa", "aaaaaa"])) <= 100
    assert beginning("token=" * 100, 100) == ""


def test_only_so_much_is_looked_through(monkeypatch: pytest.MonkeyPatch) -> None:
    """FMT011: patterns see a bounded part of what is logged, however long that is and however it comes."""
    seen: list[int] = []

    def count(text: str, values: Any = ()) -> str:
        seen.append(len(text))
        return redact_text(text, values)

    monkeypatch.setattr(encoding, "redact_text", count)
    long = "password=x " * 1_000_000
    Plain().value({"a": long, "b": [long] * 1_000, "c": {"d": long.encode()}, long: 1})
    assert sum(seen) <= LONGEST_RECORD + 3 * LONGEST_CUT + LOOKAHEAD
    seen.clear()
    plain = Plain()
    for _ in range(1_000):
        plain.field("a", long)
    assert sum(seen) <= LONGEST_RECORD + 3 * LONGEST_CUT + 1_000


def test_long_secrets_are_found_too() -> None:
    """SAFE001: as they are; how a URL would quote one of 10 MB takes too long to find out."""
    secret = "é=" + SECRET * 100_000
    [found, *others] = secret_values({"data": [[1, 2, "x", {"password": secret}]]})
    assert found == secret
    assert others == []
    assert Plain([found]).value(f"a {secret} b") == "a "


def test_secrets_beside_a_million_numbers_are_found() -> None:
    """SAFE001: what cannot hold a secret is passed over."""
    assert secret_values({"rows": [*range(1_000_000), {"token": SECRET}]}) == (SECRET,)
