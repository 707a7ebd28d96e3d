"""Secrets never reach a record: masked by their name, by their shape, and by their value.

By name: a member called `verification_token`, at any depth. By shape:
`token=…`, `'password': '…'`, credentials in a URL, private keys, in any text,
tracebacks and other libraries' messages included. By value: the arguments of
the running tasks that carry a secret's name, wherever they turn up.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from urllib.parse import quote

MASK = "[redacted]"
URL_MASK = "***"  # brackets in a URL's authority would be read as an IPv6 address

SHORTEST_SECRET = 4
"""Characters. Shorter values are masked by name only: they would turn up in innocent text."""

_STEMS = (
    r"pass(?:word|wd|phrase|code)|secret|token|credential|cookie|authori[sz]ation"
    r"|api[\s_-]?key|private[\s_-]?key|access[\s_-]?key|signing[\s_-]?key|encryption[\s_-]?key"
)
_SECRET_NAME = re.compile(rf"(?:{_STEMS})|(?:^|[\W_])(?:pwd|auth)(?:$|[\W_])", re.IGNORECASE)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_WORDS = re.compile(r"[^0-9A-Za-z]+")

# The last word of a name that tells about secrets without holding one.
_ABOUT = frozenset({"name", "names", "field", "fields", "keys", "type", "types", "count", "counts", "policy", "status"})
# The last word of a number's name when it counts or measures secrets; plurals count too.
_MEASURES = _ABOUT | {
    *("total", "number", "num", "limit", "max", "min", "attempts", "left", "remaining", "length", "size", "bytes"),
    *("removed", "expired", "deleted", "created", "issued", "used", "revoked", "cleaned", "purged"),
    *("expires", "age", "ttl", "ms", "seconds", "days"),
}

_NAMED_VALUE = re.compile(
    rf"""
    (?P<name>(?:{_STEMS}|(?<![^\W_])(?:pwd|auth)(?![^\W_]))[\w-]{{0,40}}
      (?:\\?["'])?\]?\s{{0,4}}(?:=>|:=|==|=|:)\s{{0,4}})
    (?P<value>
        \\"(?:[^"\\]|\\[^"])*\\"              # a JSON string inside a JSON string
      | [bBuUrR]?"(?:[^"\\\n]|\\.)*"
      | [bBuUrR]?'(?:[^'\\\n]|\\.)*'
      | (?:bearer|basic|digest|token)\s+[^\s,;'"]+
      | [^\s,;&'"(){{}}\[\]<>]+
    )
    """,
    re.IGNORECASE | re.VERBOSE,
)
_URL_CREDENTIALS = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]{0,30}://)[^\s/?#'\"<>]{1,2000}@")
_BEARER = re.compile(r"\b(?P<scheme>bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}", re.IGNORECASE)
_PRIVATE_KEY = re.compile(
    r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----.*?(?:-----END [A-Z ]{0,30}PRIVATE KEY-----|\Z)", re.S
)
_HARMLESS_VALUES = frozenset({"none", "null", "true", "false", MASK, URL_MASK})


def is_secret_name(name: str) -> bool:
    """Whether a member called *name* holds a secret, whatever its case and separators.

    >>> [is_secret_name(name) for name in ("X-Api-Key", "verificationToken", "tenant_id", "kwargs_keys", "token_type")]
    [True, True, False, False, False]
    """
    spaced = _CAMEL.sub("_", name[:200])
    return _SECRET_NAME.search(spaced) is not None and _words(spaced)[-1:] not in ([word] for word in _ABOUT)


def must_mask(name: str, value: object) -> bool:
    """Whether *value* must not be shown under *name*: flags, counts and absences may.

    >>> must_mask("api_key", "s3cr3t"), must_mask("expired_tokens_removed", 42), must_mask("has_password", True)
    (True, False, False)
    """
    if value is None or isinstance(value, bool) or not is_secret_name(name):
        return False
    return not (isinstance(value, (int, float)) and _measures(name))


def is_innocent(text: str) -> bool:
    """Whether `redact_text` would leave *text* as it is; told sooner where nothing in it hints at a secret.

    >>> is_innocent("Email sent"), is_innocent("token=abc"), is_innocent("the secret to success")
    (True, False, True)
    """
    return not _hints(text) or redact_text(text) == text


def _hints(text: str) -> bool:
    """Whether *text* may hold what a pattern looks for. Beyond ASCII, letters have more than two cases."""
    if not text.isascii():
        return True
    lowered = text.lower()
    return (
        "pass" in lowered
        or "secret" in lowered
        or "token" in lowered
        or "key" in lowered
        or "auth" in lowered
        or "://" in lowered
        or "credential" in lowered
        or "cookie" in lowered
        or "pwd" in lowered
        or "bearer" in lowered
        or "basic" in lowered
    )


def redact_text(text: str, values: Iterable[str] = ()) -> str:
    """Return *text* without secrets, by their shape and by the *values* known to be secret.

    >>> redact_text("GET redis://:hunter2@db:6379/0?api_key=abc failed: {'password': 'x y'}")
    "GET redis://***@db:6379/0?api_key=[redacted] failed: {'password': '[redacted]'}"
    """
    for value in values:
        text = text.replace(value, MASK)
    if not _hints(text):
        return text
    if "://" in text:
        text = _URL_CREDENTIALS.sub(rf"\g<scheme>{URL_MASK}@", text)
    text = _NAMED_VALUE.sub(_masked_pair, text)
    text = _BEARER.sub(rf"\g<scheme> {MASK}", text)
    return _PRIVATE_KEY.sub(MASK, text) if "PRIVATE KEY" in text else text


def secret_values(arguments: Mapping[str, object]) -> tuple[str, ...]:
    """Return the values that *arguments* hold under secret names, at any depth, longest first.

    Each comes in the spellings it can have in a text: as it is, as `repr`
    shows it, and quoted for a URL.

    >>> secret_values({"user_id": "u-1", "data": {"api-key": "k-12345"}})
    ('k-12345',)
    """
    found = chain.from_iterable(_spellings(text) for text in _values(arguments, secret=False, depth=0))
    return tuple(sorted({text for text in found if len(text) >= SHORTEST_SECRET}, key=len, reverse=True))


def _words(spaced: str) -> list[str]:
    return [word.lower() for word in _WORDS.split(spaced) if word]


def _measures(name: str) -> bool:
    words = _words(_CAMEL.sub("_", name))
    last = words[-1] if words else ""
    return last in _MEASURES or words[0] in ("num", "count", "total") or re.search(rf"(?:{_STEMS})s$", last) is not None


def _masked_pair(match: re.Match[str]) -> str:
    name, value = match["name"], match["value"]
    if value.lower() in _HARMLESS_VALUES:
        return match[0]
    bare_name = name.rstrip(" \t\r\n=:>\"'\\]")
    if value.isdigit() and _measures(bare_name):
        return match[0]
    opening = re.match(r"[bBuUrR]?\\?[\"']", value)
    closing = re.search(r"\\?[\"']$", value) if opening else None
    return f"{name}{opening[0] if opening else ''}{MASK}{closing[0] if closing else ''}"


def _values(value: object, *, secret: bool, depth: int) -> Iterator[str]:
    """Walk plain arguments, as a broker delivers them; yield the texts below a secret name."""
    if depth > 20:
        return
    if isinstance(value, dict):
        for name, member in dict.items(value):
            hidden = secret or (isinstance(name, str) and must_mask(name, member))
            yield from _values(member, secret=hidden, depth=depth + 1)
    elif isinstance(value, (list, tuple, set, frozenset)):
        for member in value:
            yield from _values(member, secret=secret, depth=depth + 1)
    elif secret and isinstance(value, str):
        yield str.__str__(value)
    elif secret and isinstance(value, (bytes, bytearray)):
        yield value.decode("utf-8", "backslashreplace")
    elif secret and isinstance(value, int) and not isinstance(value, bool):
        yield str(value) if value.bit_length() < 4096 else ""


def _spellings(text: str) -> tuple[str, ...]:
    clean = text.encode("utf-8", "backslashreplace").decode()
    return (clean, repr(clean)[1:-1], quote(clean, safe=""))
