"""
The short way from a call to a line, for records in which nothing needs care.

Most records hold a few short texts and numbers, under names that are used
again and again. Which names and texts are harmless is therefore remembered.
What is not proven harmless goes the long way (`Pipeline`), which gives the
same line for everything that this module lets through.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from reference_worker.logging.context import CONTEXT_FIRST, GUARDED
from reference_worker.logging.encoding import Json
from reference_worker.logging.redaction import is_innocent, is_secret_name

BASE = ("timestamp", "level", "service", "logger", "event")

LONGEST_LINE = 16_384
"""Bytes of a line that is made here, as FMT012 asks for; nothing in it can be too long, or too many."""

LONGEST_TEXT = 1_000
"""Characters of a text that is looked at here; longer ones go the long way."""

REMEMBERED = 4_096
"""How many names, and how many texts, are remembered as harmless. All are forgotten when there are more."""

MOST_MEMBERS = 64
"""Members of a list that are looked at here."""

# Names that the long way has to look at: they could pass for something else.
_TAKEN = frozenset(BASE) | GUARDED | {"exc_info", "stack_info", "truncated"}

_harmless_names: set[str] = set()
_harmless_texts: set[str] = set()


def quick_line(
    record: dict[str, Json], context: Mapping[str, Any], fields: Mapping[str, Any], secrets: Sequence[str]
) -> bytes | None:
    """Complete *record*, which has the base fields, and return its line; None where something needs care.

    *secrets* are values that must not be shown.
    """
    if not _is_harmless_text(record["event"], secrets) or not _add_context(record, context, secrets):
        return None
    if not (record["logger"] in _harmless_texts or _is_harmless_text(record["logger"], ())):
        return None
    for name, value in fields.items():
        if not (name in _harmless_names or _is_harmless_name(name)) or not _is_harmless(value, secrets):
            return None
        record[name] = value
    return _line(record)


def _add_context(record: dict[str, Json], context: Mapping[str, Any], secrets: Sequence[str]) -> bool:
    """Add the context, known names first; False where a value needs care or should not be there."""
    added = 0
    for name in CONTEXT_FIRST:
        value = context.get(name)
        if value is not None:
            if not _is_harmless_text(value, secrets) or value == "None":
                return False
            record[name] = value
            added += 1
    return added == len(context) or _add_others(record, context, secrets)


def _add_others(record: dict[str, Json], context: Mapping[str, Any], secrets: Sequence[str]) -> bool:
    for name, value in context.items():
        if name in record:  # known, or as a base field: the long way decides
            if name in BASE:
                return False
            continue
        if not (name in _harmless_names or _is_harmless_name(name)) or not _is_harmless(value, secrets):
            return False
        if value is None or value == "":
            return False
        record[name] = value
    return True


def _is_harmless(value: object, secrets: Sequence[str]) -> bool:
    """Whether *value* is shown as it is: a number, a flag, nothing, a harmless text, or a list of such."""
    kind = type(value)
    if kind is str:
        return not value or _is_harmless_text(value, secrets)
    if kind is int or kind is bool or value is None:
        return True
    if kind is float:
        return math.isfinite(value)  # type: ignore[arg-type]
    if kind is list or kind is tuple:
        return len(value) <= MOST_MEMBERS and all(_is_harmless_text(member, secrets) for member in value)  # type: ignore[arg-type, attr-defined]
    return False


def _is_harmless_text(text: Any, secrets: Sequence[str]) -> bool:
    if type(text) is not str:
        return False
    if text not in _harmless_texts:
        if not text or len(text) > LONGEST_TEXT or not text.isprintable() or not is_innocent(text):
            return False
        _remember(_harmless_texts, text)
    return not secrets or not any(secret in text for secret in secrets)


def _is_harmless_name(name: object) -> bool:
    """Whether a field may have this *name* without being looked at; it is asked once for each."""
    if type(name) is not str or not name.isidentifier() or not name.isascii() or len(name) > LONGEST_TEXT:
        return False
    if name in _TAKEN or is_secret_name(name) or not is_innocent(name):
        return False
    _remember(_harmless_names, name)
    return True


def _remember(known: set[str], text: str) -> None:
    if len(known) >= REMEMBERED:
        known.clear()
    known.add(text)


def _line(record: dict[str, Json]) -> bytes | None:
    try:
        line = orjson.dumps(record)
    except TypeError:  # an integer beyond 64 bits
        return None
    return line + b"\n" if len(line) < LONGEST_LINE else None
