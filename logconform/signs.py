"""What can be told of values at first sight: that they are timestamps, clean texts, plain lines; and their colons."""

from __future__ import annotations

import re
from operator import itemgetter
from typing import Any

from logconform.rules.record_form import SHORT_BYTES
from logconform.rules.sample import instant
from logconform.rules.secret_in_record import is_for_addresses, is_out_of_place
from logconform.rules.traceback_shows_locals import shows_locals
from logconform.secrets import is_secret_name, may_hold_secret, unmasked_secrets

SIGNS = ("=", "@", "earer", "Traceback")
"""Without these and a colon no text can hold a secret, an address or a traceback."""
_HIDDEN = re.compile(rb"\\u00[0-7]")
"""An escape that can stand for a sign."""
_ODD = re.compile(r"[0-9TZ:.+ -]{1,27}")
_TIMESTAMP = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z")


def is_no_time(stamp: str) -> bool:
    """Whether a timestamp has no valid form, and no other fault: only the signs of a timestamp are in it."""
    return bool(_ODD.fullmatch(stamp)) and not _TIMESTAMP.fullmatch(stamp) and instant(stamp) is None


def is_quiet(name: str, text: str) -> bool:
    """Whether a text is clean at first sight: of one line, without address, and without what could be a secret."""
    if "\n" in text or is_secret_name(name) or ("@" in text and not is_for_addresses(name)):
        return False
    return not may_hold_secret(text)


def is_clean(name: str, value: Any) -> bool:
    """Whether a member holds no secret, no address out of place and no local variables."""
    members = {name: value}
    if any(unmasked_secrets(members)) or is_out_of_place(members):
        return False
    return not shows_locals(members)


_FIRST, _LAST = itemgetter(0), itemgetter(-1)


def are_plain(lines: list[bytes]) -> bool:
    """Whether each line begins and ends as an object does, is short, and has no escape that could hide a sign."""
    if not all(lines) or set(map(_FIRST, lines)) != {ord("{")} or set(map(_LAST, lines)) != {ord("}")}:
        return False
    if max(map(len, lines)) >= SHORT_BYTES:
        return False
    escaped = [line for line in lines if b"\\" in line]
    return not any(_HIDDEN.search(line) for line in escaped) and not any(b"\r" in line for line in lines)


def are_times(stamps: list[str]) -> bool:
    """Whether all are timestamps as FMT003 has them, leap seconds excepted."""
    if not stamps:
        return True
    joined = "".join(stamps)
    if set(map(len, stamps)) != {27} or not joined.isascii():
        return False
    marks = all(
        joined[at::27].count(mark) == len(stamps)
        for at, mark in ((4, "-"), (7, "-"), (10, "T"), (13, ":"), (16, ":"), (19, "."), (26, "Z"))
    )
    digits = (*range(4), 5, 6, 8, 9, 11, 12, 14, 15, 17, 18, *range(20, 26))
    if not marks or not all(joined[at::27].isdigit() for at in digits) or max(joined[17::27]) > "5":
        return False
    return all(instant(minute + ":00.000000Z") is not None for minute in {stamp[:16] for stamp in stamps})


def is_harmless(text: str) -> bool:
    """Whether a text has no sign of what must not be in a log.

    >>> is_harmless("Sending verification email"), is_harmless("token=a1")
    (True, False)
    """
    return ":" not in text and not any(sign in text for sign in SIGNS)


def colons_in(value: Any) -> int:
    """Count the colons that a list is written with."""
    colons, waiting = 0, [value]
    while waiting:
        node = waiting.pop()
        kind = type(node)
        if kind is str:
            colons += node.count(":")
        elif kind is dict:
            colons += len(node)
            waiting += node
            waiting += node.values()
        elif kind is list or kind is tuple:
            waiting += node
    return colons


def is_simple(value: Any, *, colons: bool = False) -> bool:
    """Whether a nested value is obviously clean: no name of a secret, no text with a sign; *colons* are none then."""
    waiting, texts = [value], []
    while waiting:
        node = waiting.pop()
        kind = type(node)
        if kind is str:
            texts.append(node)
        elif kind is dict:
            if any(map(is_secret_name, node)) or "locals" in node:
                return False
            waiting += node.values()
        elif kind is list:
            waiting += node
    text = "\n".join(texts)
    return is_harmless(text.replace(":", "") if colons else text)
