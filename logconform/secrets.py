"""Which names are secret, which values are masked, and how evidence is redacted (SAFE001).

A wrong accusation does more harm here than a miss: what may be code, prose, a
flag or a placeholder is not taken for a secret's value.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

import orjson

REDACTED = "[redacted]"
"""What stands in evidence where a secret was."""

Path = tuple[str | int, ...]
Span = tuple[int, int]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_WINDOW = 4_096  # characters of a line that are searched for an excerpt
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_SECRET_WORDS = _words(
    "password passwords passwd pwd passphrase passcode secret secrets token tokens apikey apikeys authorization "
    "authorisation cookie cookies credential credentials privatekey accesskey secretkey jwt"
)
_SECRET_ENDINGS = ("password", "passwd", "secret", "token", "apikey", "cookie")
_SECRET_PAIRS = frozenset(
    tuple(pair.split("-"))
    for pair in _words(
        "api-key api-keys access-key access-keys private-key private-keys secret-key secret-keys signing-key "
        "encryption-key auth-key master-key shared-key account-key session-key ssh-key pass-phrase pass-word "
        "db-pass smtp-pass user-pass mail-pass admin-pass"
    )
)
_BENIGN_AFTER = _words("""
    count counts counter type types name names id ids length len size expiry expiration expires expired expire expiring
    removed changed unchanged ttl age policy policies status state version versions valid invalid validity validation
    enabled disabled required requires present absent missing keys limit limits hint hints field fields format url uri
    urls at used total totals error errors message msg reason failure failures result action event operation class kind
    source provider issuer audience scope scopes domain path paths file filename dir directory location endpoint host
    port server service manager store storage bucket backend method mode algorithm alg strategy rotation reset refresh
    refreshed rotated revoked budget window rate per index idx position number num min max avg mean sum remaining left
    consent banner seconds ms date time timestamp created updated issued generated found exists match matches matched
    mismatch strength score complexity attempts tries retries flag check checked checks verified verifier fingerprint
    hash digest sha256 cleanup cleaned deleted by owner user username label title description samesite ref arn based
    cost costs usage processed sent received supported allowed prompt completion cached
    """)
_BENIGN_BEFORE = _words("is has had needs requires require missing max min num total count supports no")
_COUNTED = _words("prompt completion input output used cached total reasoning")
_FLAGS = _words("""
    true false yes no on off none null nil undefined n/a na - present absent missing expired expiring valid invalid
    required optional set unset empty enabled disabled rotated revoked refreshed changed unchanged updated created
    deleted removed generated issued verified unverified unknown default ok failed failure success granted denied
    allowed active inactive pending configured provided bearer basic digest jwt oauth oauth2 ntlm negotiate hidden
    accepted rejected stale fresh unauthorized forbidden public private confidential string str
    """) | {"", "not set", "not provided", "not found", "not configured"}

_MASK_WORD = r"redacted|filtered|masked|hidden|removed|censored|scrubbed|sanitized|sanitised|omitted|secret|protected"
_MASKED = re.compile(
    rf"""(?ix) [\s"']* (?: (?:bearer|basic|token|digest|negotiate) \s+ )? [\s"']* (?:
        [*•●]+ | x{{3,}} | \#{{3,}} | \.{{3,}} | …+ | _{{3,}} | -{{3,}}
      | [\[<({{]+ \s* (?:{_MASK_WORD}) [^\[\]<>(){{}}]{{0,24}} [\]>)}}]*
      | (?:redacted|filtered|masked|censored|scrubbed)
      | \S{{0,6}} (?: \*{{3,}} | •{{3,}} | … ) \S{{0,6}}
      | Secret(?:Str|Bytes)\( .{{0,4}} \*+ .{{0,4}} \)
    ) [\s"']*"""
)
_PLACEHOLDER = re.compile(
    r"\$\{?[A-Z_][A-Z0-9_]*\}?|\$\d+|\$?\{+\s*[\w.!:]*\s*\}+|%s|%r|%\(\w*\)?[sdr]?|:[a-z_]+|\?|<[^<>]*>|\[[A-Za-z_ ]*\]"
)
_IDENTIFIER = re.compile(
    r"[a-z]+(?:_[a-z]+)*|[A-Z]+(?:_[A-Z]+)*|[A-Z][a-z]*(?:-[A-Z][a-z]*)*|[A-Za-z_]+(?:\.[A-Za-z_]+)+"
)
_PROSE = re.compile(r"[A-Za-z]+[,.:]?(?: [A-Za-z']+[,.:;!?]?){2,}")

# A quick look whether the patterns below can find anything at all.
_HINTS = (
    "passw",
    "pwd",
    "pass",
    "secret",
    "token",
    "key",
    "authoriz",
    "authoris",
    "cookie",
    "credential",
    "bearer",
    "jwt",
)

_URL_PASSWORD = re.compile(r"""://[^\s/@:?#"'`<>]{0,128}:([^\s/"'`<>]{1,256})@""")
_QUERY = re.compile(r"""[?&]([\w.\-\[\]]{1,64})=([^\s&#"'`<>;]{1,4096})""")
_MEMBER = re.compile(
    r"""(\\*["'])([\w.\- ]{1,64})\1\s{0,3}:\s{0,3}[bru]?(\\*["'])((?:(?!\3)(?:\\.|[^\\]))*+)""", re.DOTALL
)
_ASSIGNED = re.compile(
    r"""(?<![\w.])([A-Za-z_][\w.\-]{0,63}+)\s{0,3}=(?!=)\s{0,3}[bBrRuU]{0,2}(\\*["'])((?:(?!\2)(?:\\.|[^\\\n]))*+)"""
)
_ASSIGNED_BARE = re.compile(
    r"""(?<![\w.?&])([A-Za-z_][\w.\-]{0,63}+)=([^\s,;&"'`()\[\]{}<>=\\]{1,4096}+=*+)(?![("'`\[{=])(?=([,)]?))"""
)
_AUTHORIZATION = re.compile(
    r"""(?i)authori[sz]ation["']?\s{0,3}[:=]\s{0,3}["']?(?:bearer|basic|token|digest|negotiate)\s{1,3}"""
    r"""([^\s"',;\\]{1,4096})"""
)
_BEARER = re.compile(r"\b[Bb]earer\s(?=[^\s]*[0-9])([A-Za-z0-9._~+/\-]{20,4096}=*)")
_COOKIE = re.compile(r"""(?i)\b(?:set-)?cookie:\s{0,3}[\w.\-]{1,64}=([^\s;,"'\\]{1,4096})""")
_FRAME = re.compile(r'^([ \t|+]{0,400}+)File "[^"\n]*", line \d+', re.MULTILINE)


@lru_cache(maxsize=4_096)
def is_secret_name(name: str) -> bool:
    """Whether a field, argument or URL part of this name holds a secret.

    >>> [is_secret_name(name) for name in ("verification_token", "X-Api-Key", "refreshToken", "DB_PASSWORD")]
    [True, True, True, True]
    >>> [is_secret_name(name) for name in ("token_type", "kwargs_keys", "max_tokens", "password_changed_at")]
    [False, False, False, False]
    """
    words = [word.lower() for word in _WORDS.findall(name[:256])]
    last = max((at for at in range(len(words)) if _is_marker(words, at)), default=None)
    if last is None or not _BENIGN_AFTER.isdisjoint(words[last + 1 :]):
        return False
    return words[0] not in _BENIGN_BEFORE and not (words[last] == "tokens" and not _COUNTED.isdisjoint(words))


def _is_marker(words: list[str], at: int) -> bool:
    word = words[at]
    return (
        word in _SECRET_WORDS or word.endswith(_SECRET_ENDINGS) or (at > 0 and (words[at - 1], word) in _SECRET_PAIRS)
    )


def is_masked(value: str) -> bool:
    """Whether *value* stands for a secret without being one, as a whole or but for a few characters.

    >>> [is_masked(value) for value in ("***", "[Filtered]", "<redacted>", "Bearer xxxxx", "tok-…", "hunter2")]
    [True, True, True, True, True, False]
    """
    return len(value) <= 256 and _MASKED.fullmatch(value) is not None


def unmasked_secrets(value: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Find the secrets in a parsed record: yields the path of the member, and the secret itself.

    Looks at strings under a secret name at any depth, and inside every string
    for credentials in URLs and for what reads like a secret's assignment.
    Numbers, booleans and null are counts or flags, never secrets. Does not
    recurse.

    >>> list(unmasked_secrets({"kwargs": {"password": "hunter2"}, "tokens": 3}))
    [(('kwargs', 'password'), 'hunter2')]
    """
    pending: list[tuple[Any, Path, bool]] = [(value, path, bool(path) and is_secret_name(str(path[-1])))]
    while pending:
        node, here, secret = pending.pop()
        if isinstance(node, str):
            yield from ((here, found) for found in _secrets_of(node, here, secret=secret))
            continue
        for name, child in _children(node):
            inner = secret if isinstance(name, int) else _is_secret_member(name, inside_secret=secret)
            if isinstance(child, str):
                if inner or ":" in child or "=" in child or "earer" in child:
                    yield from (((*here, name), found) for found in _secrets_of(child, (*here, name), secret=inner))
            elif isinstance(child, dict | list):
                pending.append((child, (*here, name), inner))


def _children(node: Any) -> Iterable[tuple[str | int, Any]]:
    if isinstance(node, dict):
        return node.items()
    return enumerate(node) if isinstance(node, list) else ()


def _secrets_of(text: str, path: Path, *, secret: bool) -> Iterator[str]:
    """Find the secrets in one string, which is a secret's value as a whole where *secret* says so."""
    if secret and not _is_harmless(text) and not _is_listed_name(text, path) and not _is_prose(text, path):
        yield text
    else:
        yield from (text[start:end] for start, end in _spans(text))


def may_hold_secret(text: str) -> bool:
    """Whether a text is worth a closer look: nothing is found in one that is not.

    >>> may_hold_secret("Template rendered: 12 parts"), may_hold_secret("token=a1")
    (False, True)
    """
    return "://" in text or _has_hint(text)


def _has_hint(text: str) -> bool:
    if "=" not in text and ":" not in text and "earer" not in text:
        return False
    lowered = text.lower()
    return any(hint in lowered for hint in _HINTS)


def redact_text(text: str) -> str:
    """Return *text* with every secret in it replaced.

    >>> redact_text("GET /verify?token=a1b2c3 amqp://user:hunter2@mq:5672// password='x y'")
    "GET /verify?token=[redacted] amqp://user:[redacted]@mq:5672// password='[redacted]'"
    """
    parts, at = [], 0
    for start, end in _spans(text):
        parts += [text[at:start], REDACTED]
        at = end
    return "".join([*parts, text[at:]])


def excerpt(raw: bytes, limit: int = 240) -> str:
    r"""Return the start of a line as evidence: one printable line of at most *limit* characters, without secrets.

    >>> excerpt(b'{"event": "\x1b[31mLogin", "password": "hunter2"}\n')
    '{"event": "\\x1b[31mLogin", "password": "[redacted]"}'
    """
    text = raw.rstrip(b"\r\n").decode("utf-8", "backslashreplace")
    text = _without(text, [secret for _, secret in unmasked_secrets(_parse(raw))])
    if len(text) > limit and (start := text.find('"event"', 0, _WINDOW)) > 1:
        text = "{… " + text[start:]  # what stands before it is the same on every record
    shown = redact_text(text[:_WINDOW])
    shown = printable(shown[: limit + 1])
    return shown if len(shown) <= limit and len(text) <= _WINDOW else shown[: limit - 1] + "…"


def printable(text: str) -> str:
    r"""Return *text* with what a terminal would not show, or would obey, as escapes.

    >>> printable("a\nb\x1b[0m")
    'a\\nb\\x1b[0m'
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text)


def _parse(raw: bytes) -> Any:
    try:
        return orjson.loads(raw)
    except ValueError:
        pass
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return None


def _without(text: str, secrets: list[str]) -> str:
    """Replace *secrets* in the JSON *text*, whichever way they are escaped in it."""
    written = text
    for secret in sorted(set(secrets), key=len, reverse=True):
        forms = {json.dumps(secret, ensure_ascii=False), json.dumps(secret)}
        stand_in = f'"{REDACTED}"'
        if len(secret) >= 4:  # shorter ones are replaced as whole strings only: they occur inside words too
            forms, stand_in = {form[1:-1] for form in forms}, REDACTED
        if not any(form in written for form in forms):
            return "(a line with a secret in it, not shown)"
        for form in forms:
            text = text.replace(form, stand_in)
    return text


def _is_secret_member(name: str, *, inside_secret: bool) -> bool:
    """Whether the member's value is secret: by its own name, or by what it is part of."""
    if is_secret_name(name):
        return True
    return inside_secret and _BENIGN_AFTER.isdisjoint(word.lower() for word in _WORDS.findall(name[:256]))


def _is_harmless(value: str) -> bool:
    """Whether *value* is masked, a flag or a placeholder, and so no secret although its name is."""
    if value.strip().lower() in _FLAGS or is_masked(value) or _PLACEHOLDER.fullmatch(value):
        return True
    if "=" in value and ("*" in value or "[" in value or "<" in value):
        # A cookie or query of which every part is masked.
        parts = [part.partition("=")[2] for part in re.split(r"[;&]\s*", value) if "=" in part]
        return all(part.strip().lower() in _FLAGS or is_masked(part) for part in parts)
    return False


def _is_listed_name(value: str, path: Path) -> bool:
    """Whether *value* is an element such as `DB_PASSWORD` of a list: the name of a secret."""
    return bool(path) and isinstance(path[-1], int) and _is_name(value)


def _is_name(value: str) -> bool:
    return _IDENTIFIER.fullmatch(value) is not None and is_secret_name(value)


def _is_prose(value: str, path: Path) -> bool:
    """Whether *value* is a sentence about the secret, such as `Could not validate credentials`."""
    return _PROSE.fullmatch(value) is not None and not any("pass" in str(name).lower() for name in path)


def _spans(text: str) -> list[Span]:
    """Where secrets stand in a text: ordered, not overlapping."""
    found: list[Span] = []
    if "://" in text:
        found += [match.span(1) for match in _URL_PASSWORD.finditer(text) if not _is_harmless(match[1])]
    if _has_hint(text):
        found += _assignments(text)
    return _merged(found)


def _assignments(text: str) -> Iterator[Span]:
    """Where the value of a secret is written beside its name."""
    for match in _QUERY.finditer(text):
        value = unquote(match[2])
        if is_secret_name(match[1]) and not _is_harmless(value) and not _PLACEHOLDER.match(value):
            yield match.span(2)
    for match in _MEMBER.finditer(text):
        if is_secret_name(match[2]) and not _is_harmless(match[4]) and not _is_prose(match[4], (match[2],)):
            yield match.span(4)
    for match in _ASSIGNED.finditer(text):
        if is_secret_name(match[1]) and not _is_harmless(match[3]) and not _is_name(match[3]):
            yield match.span(3)
    for match in (*_AUTHORIZATION.finditer(text), *_COOKIE.finditer(text)):
        if not _is_harmless(match[1]) and not _is_word(match[1]):
            yield match.span(1)
    yield from (match.span(1) for match in _BEARER.finditer(text))
    yield from _bare_assignments(text)


def _bare_assignments(text: str) -> Iterator[Span]:
    """Where `password=hunter2` stands outside of a traceback's source lines, in which it would be code."""
    source = _source_lines(text)
    for match in _ASSIGNED_BARE.finditer(text):
        value = match[2].rstrip(".:")
        if not value or not is_secret_name(match[1]) or _is_harmless(value) or _is_name(value):
            continue
        is_argument = bool(match[3]) and value.isidentifier() and value.isalpha()
        if is_argument or any(start <= match.start() < end for start, end in source):
            continue
        yield match.start(2), match.start(2) + len(value)


def _is_word(value: str) -> bool:
    """Whether *value* may be a word of a sentence, as in `Authorization: Basic auth failed`."""
    return len(value) <= 15 and value.isalpha() and value.islower()


def _source_lines(text: str) -> list[Span]:
    """Where a traceback quotes source code: the lines indented deeper than the `File` line before them."""
    found: list[Span] = []
    for frame in _FRAME.finditer(text):
        prefix = frame[1] + "  "
        start = at = text.find("\n", frame.end()) + 1
        while at and text.startswith(prefix, at) and not _FRAME.match(text, at):
            at = text.find("\n", at) + 1
        if start:
            found.append((start, at or len(text)))
    return found


def _merged(spans: list[Span]) -> list[Span]:
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        elif end > start:
            merged.append((start, end))
    return merged
