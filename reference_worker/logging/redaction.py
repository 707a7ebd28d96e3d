"""Secrets never reach a record: masked by their name, by their shape, and by their value.

By name: a member called `verification_token`, at any depth. By shape:
`token=…`, `'password': '…'`, credentials in a URL, private keys, in any text,
tracebacks and other libraries' messages included. By value: the arguments of
the running tasks that carry a secret's name, wherever they turn up.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import chain
from urllib.parse import quote, quote_plus

MASK = "[redacted]"
URL_MASK = "***"  # brackets in a URL's authority would be read as an IPv6 address

SHORTEST_SECRET = 4
"""Characters. Shorter values are masked by name only: they would turn up in innocent text."""

LOOKAHEAD = 2_100
"""Characters beyond a cut that tell whether it goes through a secret: more than a URL's credentials can have."""

MOST_OVERLAPPING = 4
"""Secrets that may overlap where a text is cut."""

LONGEST_QUOTED = 10_000
"""Characters. Longer secrets are looked for as they are and as `repr` shows them: more takes seconds for 10 MB."""

SHORTEST_LINE = 16
"""Characters of a line that is looked for by itself, where a secret has several, as a private key does."""

_STEMS = (
    *("pass(?:word|wd|phrase|code)", "secret", "token", "credential", "cookie", "authori[sz]ation"),
    *(rf"{kind}[\s_-]?key" for kind in ("api", "private", "access", "signing", "encryption")),
)
_STEM = "|".join(_STEMS)
_WHOLE_WORDS = (r"p(?<![^\W_].)wd(?![^\W_])", r"a(?<![^\W_].)uth(?![^\W_])")
_SCHEMES = (r"b(?<!\w.)earer", r"b(?<!\w.)asic")
_OTHER_CASES = {"s": "Sſ"} | {letter: letter.upper() for letter in "aceptb"}
_SECRET_NAME = re.compile(rf"(?:{_STEM})|(?:^|[\W_])(?:pwd|auth)(?:$|[\W_])", re.IGNORECASE)
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


def _any_case(patterns: Iterable[str]) -> str:
    """Return a pattern for each of *patterns* in any case.

    It names their first letters, so that a search goes by these: `re.IGNORECASE`
    alone would have it try them all at each character, which takes four times as long.
    """
    return "|".join(
        f"{first}(?i:{pattern[1:]})" for pattern in patterns for first in (pattern[0], *_OTHER_CASES[pattern[0]])
    )


# What is cut off at the end of the text counts as closed there.
_NAMED_VALUE = re.compile(
    rf"""
    (?P<name>(?:{_any_case((*_STEMS, *_WHOLE_WORDS))})[\w-]{{0,40}}+
      (?:\\{{0,7}}["'])?+\]?+\s{{0,4}}+(?:=>|:=|==|=|:)\s{{0,4}}+)
    (?P<value>
        (?P<escaped>\\{{1,7}}["'])(?s:.)*?(?:(?<!\\)(?P=escaped)|\Z)    # a string inside strings
      | (?i:[bur]?)"(?:[^"\\\n]|\\.)*+(?:"|\\?\Z)
      | (?i:[bur]?)'(?:[^'\\\n]|\\.)*+(?:'|\\?\Z)
      | (?i:bearer|basic|digest|token)\s+[^\s,;'"]+
      | [^\s,;&'"(){{}}\[\]<>]+
    )
    """,
    re.VERBOSE,
)
_URL_CREDENTIALS = re.compile(r"://[^\s/?#'\"<>]{1,2000}@")
_COOKIES = re.compile(r"(?P<name>[Cc](?i:ookie)2?\s{0,4}+:\s{0,4}+)[^\s=;,'\"]{1,256}=[^\r\n'\"]*")
_BEARER = re.compile(rf"(?P<scheme>{_any_case(_SCHEMES)})\s+[A-Za-z0-9._~+/=-]{{8,}}")
_PRIVATE_KEY = re.compile(
    r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----.*?(?:-----END [A-Z ]{0,30}PRIVATE KEY-----|\Z)", re.S
)
_SHAPES = (_URL_CREDENTIALS, _COOKIES, _NAMED_VALUE, _BEARER, _PRIVATE_KEY)
_QUOTED = re.compile(r"""(?P<opening>[bBuUrR]?\\{0,7}["']).*?(?P<closing>\\{0,7}["'])?""", re.S)
_COUNTED = re.compile(rf"(?:{_STEM})s$")
_HARMLESS_VALUES = frozenset({"none", "null", "true", "false", MASK, URL_MASK})


_LEAVES = frozenset({str, int, float, bool, type(None)})


def is_secret_name(name: str) -> bool:
    """Whether a member called *name* holds a secret, whatever its case and separators.

    >>> [is_secret_name(name) for name in ("X-Api-Key", "verificationToken", "tenant_id", "kwargs_keys", "token_type")]
    [True, True, False, False, False]
    """
    return _tells_of_secret(name if len(name) <= 400 else f"{name[:200]}_{name[-200:]}")


def must_mask(name: str, value: object) -> bool:
    """Whether *value* must not be shown under *name*: flags, counts and absences may.

    >>> must_mask("api_key", "s3cr3t"), must_mask("expired_tokens_removed", 42), must_mask("has_password", True)
    (True, False, False)
    """
    if value is None or value is True or value is False or not is_secret_name(name):
        return False
    return not (issubclass(type(value), (int, float)) and _measures(name[-200:]))


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
        text = _URL_CREDENTIALS.sub(f"://{URL_MASK}@", text)
    text = _COOKIES.sub(rf"\g<name>{MASK}", text)
    text = _NAMED_VALUE.sub(_masked_pair, text)
    text = _BEARER.sub(_masked_scheme, text)
    return _PRIVATE_KEY.sub(MASK, text) if "PRIVATE KEY" in text else text


def beginning(text: str, length: int, values: Iterable[str] = ()) -> str:
    """Return about the first *length* characters of *text*, cut where no secret goes on beyond the cut.

    Of a secret that a quote opens, or that is longer than `LOOKAHEAD`, the
    first part may stay; `redact_text` masks that up to the end.

    >>> beginning("redis://user:hunter2@db", 17), beginning("a hunter2", 5, ["hunter2"])
    ('redis', 'a ')
    """
    values = tuple(values)
    for _ in range(MOST_OVERLAPPING):
        earlier = _start_of_cut_secret(text, length, values)
        if earlier is None:
            break
        length = earlier
    return text[:length]


def secret_values(arguments: Mapping[str, object]) -> tuple[str, ...]:
    """Return the values that *arguments* hold under secret names, at any depth, longest first.

    Each comes in the spellings it can have in a text: as it is, as `repr` and
    JSON show it, once or one inside another, and quoted for a URL.

    >>> secret_values({"user_id": "u-1", "data": {"api-key": "k-12345"}})
    ('k-12345',)
    """
    found = chain.from_iterable(_spellings(text) for text in _values(arguments, secret=False, depth=0))
    return tuple(sorted({text for text in found if len(text) >= SHORTEST_SECRET}, key=len, reverse=True))


def _start_of_cut_secret(text: str, cut: int, values: tuple[str, ...]) -> int | None:
    """Return where a secret starts that *cut* goes through."""
    for value in values:
        sought = value[:LOOKAHEAD]
        start = text.find(sought, max(cut - len(value) + 1, 0), cut + len(sought) - 1)
        if start >= 0:
            return start
    before = max(cut - LOOKAHEAD, 0)
    window = text[before : cut + LOOKAHEAD]
    matches = (match for shape in _SHAPES for match in shape.finditer(window))
    return next(
        (before + match.start() for match in matches if before + match.start() < cut < before + match.end()), None
    )


@lru_cache(maxsize=4096)
def _tells_of_secret(name: str) -> bool:
    spaced = _CAMEL.sub("_", name)
    return _SECRET_NAME.search(spaced) is not None and _words(spaced)[-1:] not in ([word] for word in _ABOUT)


def _words(spaced: str) -> list[str]:
    return [word.lower() for word in _WORDS.split(spaced) if word]


@lru_cache(maxsize=4096)
def _measures(name: str) -> bool:
    words = _words(_CAMEL.sub("_", name)) or [""]
    last = words[-1]
    return last in _MEASURES or words[0] in ("num", "count", "total") or _COUNTED.search(last) is not None


def _masked_scheme(match: re.Match[str]) -> str:
    return f"{match['scheme']} {MASK}"


def _masked_pair(match: re.Match[str]) -> str:
    name, value = match["name"], match["value"]
    if len(value) <= len(MASK) and value.lower() in _HARMLESS_VALUES:
        return match[0]
    quoted = _QUOTED.fullmatch(value)
    if quoted:
        return f"{name}{quoted['opening']}{MASK}{quoted['closing'] or ''}"
    if value.isdigit() and _measures(name.rstrip(" \t\r\n=:>\"'\\]")):
        return match[0]
    return f"{name}{MASK}"


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
            if not secret and type(member) in _LEAVES:
                continue
            yield from _values(member, secret=secret, depth=depth + 1)
    elif secret and isinstance(value, str):
        yield str.__str__(value)
    elif secret and isinstance(value, (bytes, bytearray)):
        yield value.decode("utf-8", "backslashreplace")
    elif secret and isinstance(value, int) and not isinstance(value, bool):
        yield str(value) if value.bit_length() < 4096 else ""


def _spellings(text: str) -> Iterator[str]:
    clean = text.encode("utf-8", "backslashreplace").decode()
    yield clean
    if clean.isascii() and clean.isalnum():
        return  # the same everywhere
    if len(clean) > LONGEST_QUOTED:
        yield repr(clean)[1:-1]
        return
    yield from (quote(clean, safe=""), quote(clean), quote_plus(clean))
    yield from (line for line in clean.splitlines() if len(line) >= SHORTEST_LINE)
    shown = (repr(clean)[1:-1], repr(clean.encode())[2:-1], clean.replace("'", "\\'"))
    for once in (*shown, json.dumps(clean)[1:-1], json.dumps(clean, ensure_ascii=False)[1:-1]):
        twice = once.replace("\\", "\\\\")
        yield from (once, twice, twice.replace("'", "\\'"), twice.replace('"', '\\"'))
