"""What one record looks like as a line: order of members, context, masks, size. Broken variants override one method."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from tests.implementations import _secrets
from tests.implementations._values import error_text, plain, text_of, traceback_text

LIMIT_BYTES = 262_144
BASE = ("timestamp", "level", "service", "logger", "event")
IDENTITY = ("task_id", "operation", "tenant_id", "user_id", "correlation_id", "parent_task_id")
_UNMASKED = frozenset({*BASE, *IDENTITY, "task_name", "state"})
_UNCUT = frozenset({*BASE, "task_id", "state"}) - {"event"}
_LINE_BREAKS = re.compile("[\x7f-\x9f\u2028\u2029]")


class Lines:
    """Turns what is to be said into one line."""

    limit_bytes = LIMIT_BYTES

    def line(
        self,
        *,
        service: str,
        level: str,
        logger: str,
        event: object,
        context: Mapping[str, Any],
        fields: Mapping[Any, Any],
        error: BaseException | None = None,
        secrets: tuple[str, ...] = (),
    ) -> str:
        """Return a record as JSON without its newline."""
        members = {
            "timestamp": "",
            "level": level,
            "service": service,
            "logger": self.logger_name(logger),
            "event": self.mask(text_of(event), secrets) or "Empty message",
        }
        self.add_context(members, context)
        for name, value in fields.items():
            self.add_field(members, text_of(name), value, secrets)
        if error is not None:
            self.add_error(members, error, secrets)
        members["timestamp"] = self.timestamp()  # last: what a value's own __str__ logged came out before
        return self.encode(members)

    def timestamp(self) -> str:
        """Return the present instant."""
        return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    def logger_name(self, name: str) -> str:
        """Return a dotted name, whatever the logger is called."""
        parts = [re.sub(r"\s+", "_", part) for part in name.split(".")]
        return ".".join(part for part in parts if part) or "root"

    def add_context(self, members: dict[str, Any], context: Mapping[str, Any]) -> None:
        """Add what is bound and has a value."""
        for name, value in context.items():
            if name in IDENTITY:
                self.add_identity(members, name, value)
            elif value is not None and not (isinstance(value, str) and value in {"", "None"}):
                self.add_field(members, name, value, ())

    def add_identity(self, members: dict[str, Any], name: str, value: Any) -> None:
        """Add one identifier: as text, and only if there is one."""
        text = self.identifier(value)
        if text is not None:
            members[name] = text

    def identifier(self, value: Any) -> Any:
        """Return an identifier as it is written; None where there is none."""
        if value is None:
            return None
        text = text_of(value)
        return None if text in {"", "None"} else text

    def add_field(self, members: dict[str, Any], name: str, value: Any, secrets: tuple[str, ...]) -> None:
        """Add one field; a name that is taken already gets a name of its own."""
        if name in IDENTITY and name not in members:
            return self.add_identity(members, name, value)
        if name in IDENTITY and (name == "operation" or self.identifier(value) == members[name]):
            members[name] = self.identifier(value) or members[name]
            return None
        if name in IDENTITY and self.identifier(value) is None:
            return None
        while name in members:
            name = f"field_{name}"
        members[name] = self.masked(name, self.plain(value), secrets)
        return None

    def add_error(self, members: dict[str, Any], error: BaseException, secrets: tuple[str, ...]) -> None:
        """Add the short form and the traceback of an exception."""
        members.setdefault("error", self.mask(self.error(error), secrets))
        members["exception"] = self.mask(self.traceback(error), secrets)

    def error(self, error: BaseException) -> str:
        """Return type and message."""
        return error_text(error)

    def traceback(self, error: BaseException) -> str:
        """Return the traceback, causes included."""
        return traceback_text(error)

    def plain(self, value: Any) -> Any:
        """Return a value that JSON can hold."""
        return plain(value)

    def mask(self, text: str, secrets: tuple[str, ...]) -> str:
        """Return *text* without secrets and e-mail addresses."""
        return _secrets.mask_emails(_secrets.mask_text(text, secrets))

    def is_secret(self, name: str) -> bool:
        """Whether all that stands under this name is masked."""
        return _secrets.is_secret_name(name)

    def masked(self, name: str, value: Any, secrets: tuple[str, ...], hide: bool = False) -> Any:
        """Return a plain value without what is secret in it."""
        hide = hide or self.is_secret(name)
        if isinstance(value, dict):
            return {self.mask(key, secrets): self.masked(key, member, secrets, hide) for key, member in value.items()}
        if isinstance(value, list):
            return [self.masked(name, element, secrets, hide) for element in value]
        if hide and value is not None and not isinstance(value, bool):
            return _secrets.MASK
        if not isinstance(value, str) or name in _UNMASKED:
            return value
        return self.mask(value, secrets) if "email" not in name else _secrets.mask_text(value, secrets)

    def encode(self, members: dict[str, Any]) -> str:
        """Return the JSON text, cut in its longest values where it would be too long."""
        text, cap = self.dumps(members), self.limit_bytes // 2
        while _size(text) > self.limit_bytes and cap:
            kept = {
                name: value if name in _UNMASKED - {"event"} else _cut(value, cap) for name, value in members.items()
            }
            text, cap = self.dumps({**kept, "truncated": True}), cap // 2
        return text

    def dumps(self, members: dict[str, Any]) -> str:
        """Return the JSON text of plain members, on one line for every reader."""
        text = json.dumps(members, ensure_ascii=False, allow_nan=False)
        return _LINE_BREAKS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _size(text: str) -> int:
    return len(text.encode()) + 1  # the newline


def _cut(value: Any, cap: int) -> Any:
    """Return *value* with no text and no collection longer than *cap*; texts keep both ends."""
    if isinstance(value, str) and len(value) > cap:
        return f"{value[: cap - cap // 4]}… {len(value) - cap} characters cut …{value[len(value) - cap // 4 :]}"
    if isinstance(value, list):
        return [_cut(element, cap) for element in value[:cap]]
    if isinstance(value, dict):
        return {_cut(name, cap): _cut(member, cap) for name, member in list(value.items())[:cap]}
    return value
