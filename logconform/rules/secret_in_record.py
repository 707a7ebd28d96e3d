"""Secrets, broker credentials and e-mail addresses where they must not be."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from logconform.records import Record
from logconform.rules.base import Outcomes, StreamRule
from logconform.secrets import unmasked_secrets

_BROKER_PASSWORD = re.compile(
    r"\b(?:amqps?|pyamqp|rediss?|sentinel|sqs|mongodb|rpc|db\+\w+)(?:\+\w+)?://[^\s/:@\"']*:([^\s/@\"']+)@",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}")
_NO_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s/?#\"']*@|\bcelery@[A-Za-z0-9.-]+|\bgit@[A-Za-z0-9.-]+:")
_ADDRESS_FIELDS = frozenset(
    {"email", "email_recipient", "hostname", "nodename", "worker", "destination", "consumer_tag", "message_id"}
)


class SecretInRecord(StreamRule):
    """The value of a field, argument or URL part that is a secret stands in a record, at any depth or in a text."""

    requirement = "SAFE001"
    fix = "Redact by the field's name at any depth, in URLs, and in the text of messages and tracebacks."

    def see(self, record: Record) -> Outcomes:
        found = [path for path, value in unmasked_secrets(record.members) if value not in _broker_passwords(record)]
        yield self.finding(f"shows the value of a secret in {_member(found[0])}", record) if found else None


class BrokerCredentials(StreamRule):
    """The URL of a broker or result backend appears with its credentials."""

    requirement = "SAFE002"
    fix = "Write the URL without user and password; kombu's `as_uri()` masks them."

    def see(self, record: Record) -> Outcomes:
        known = _broker_passwords(record)
        found = [path for path, value in unmasked_secrets(record.members) if value in known] if known else []
        if found:
            yield self.finding(f"shows the credentials of a broker URL in {_member(found[0])}", record)
        elif b"://" in record.raw:
            yield None


class AddressOutOfPlace(StreamRule):
    """
    An e-mail address stands in a field that is not named for one; it cannot be dropped by name then.

    **Known limits:** what stands before the `@` of a URL, and names of worker nodes and messages, are no addresses.
    """

    requirement = "SAFE004"
    fix = "Write addresses to `email` or `email_recipient` only."

    def see(self, record: Record) -> Outcomes:
        if b"@" not in record.raw:
            yield None
            return
        found = [name for name, text in _texts(record.members, _ADDRESS_FIELDS) if _has_address(text)]
        yield self.finding(f"an e-mail address stands in {found[0]}", record) if found else None


def is_for_addresses(name: str) -> bool:
    """Whether a member is named for an e-mail address, or holds what only looks like one."""
    return name in _ADDRESS_FIELDS


def is_out_of_place(members: dict[str, Any]) -> bool:
    """Whether an e-mail address stands in a member that is not named for one."""
    return any(_has_address(text) for _, text in _texts(members, _ADDRESS_FIELDS))


def _has_address(text: str) -> bool:
    return "@" in text and _ADDRESS.search(_NO_ADDRESS.sub(" ", text)) is not None


def _broker_passwords(record: Record) -> set[str]:
    """Return what stands where the URL of a broker or result backend has its password."""
    if b"://" not in record.raw:
        return set()
    return {password for _, text in _texts(record.members) for password in _BROKER_PASSWORD.findall(text)}


def _member(path: object) -> str:
    parts = path if isinstance(path, tuple | list) else (path,)
    return ".".join(str(part) for part in parts) or "the record"


def _texts(members: dict[str, Any], without: frozenset[str] = frozenset()) -> Iterator[tuple[str, str]]:
    """Yield each text of a record with the nearest name above it, but none below the names in *without*."""
    waiting: list[tuple[str, Any]] = list(members.items())
    while waiting:
        name, value = waiting.pop()
        if name in without:
            continue
        if isinstance(value, str):
            yield name, value
        elif isinstance(value, dict):
            waiting.extend(value.items())
        elif isinstance(value, list):
            waiting.extend((name, inner) for inner in value)
