"""Which values are secret, and how they are masked: by name at any depth, in texts, and by what the task was given."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping
from typing import Any

from tests.implementations._values import text_of

MASK = "[redacted]"
SHORTEST = 6  # characters: shorter secrets are masked by name only, since they stand in other words too

_SECRET = (
    r"passw(?:or)?d|passphrase|pwd|secret|token|api[_\- .]?key|access[_\- .]?key|private[_\- .]?key|signing[_\- .]?key"
    r"|authori[sz]ation|cookie|credential|jwt"
)
_SECRET_NAME = re.compile(_SECRET, re.IGNORECASE)
_BENIGN_ENDING = re.compile(
    r"(?:type|types|name|names|count|counts|removed|expired|expires|expiry|length|len|keys|changed|valid|used|limit)$",
    re.IGNORECASE,
)
_NAMED = re.compile(
    rf"""(?ix)
    (?P<name> (?:{_SECRET}) [\w.\-]{{0,64}} )
    (?P<between> \\*["']? \s{{0,3}} [:=]{{1,2}}>? \s{{0,3}} | \s(?=\S*[0-9]) )
    (?P<value>
        [bru]? (?P<quote>\\*["']) (?:(?!(?P=quote)).)*+ (?P=quote)
      | \[ [^\]\n]* \]
      | (?: (?:bearer|basic|token|digest) \s+ )? [^\s,;&"'()\[\]{{}}<>]+
    )""",
)
_URL_PASSWORD = re.compile(r"""(://[^\s/:@"'<>]*):[^\s/"'<>]*@""")
_BEARER = re.compile(r"(?i)\b(bearer)\s+(?=\S*[0-9])[A-Za-z0-9._~+/\-]{12,}=*")
_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)", re.DOTALL)
_NO_MORE_RETRIES = re.compile(r"(Can't retry \S+) args:.*")
_EMAIL = re.compile(r"(?<![A-Za-z0-9._%+\-])[A-Za-z0-9._%+\-]{1,64}@[A-Za-z0-9\-]{1,63}(?:\.[A-Za-z0-9\-]{1,63})+")


def is_secret_name(name: str) -> bool:
    """Whether a member of this name holds a secret.

    >>> [is_secret_name(name) for name in ("verification_token", "X-Api-Key", "kwargs_keys", "expired_tokens_removed")]
    [True, True, False, False]
    """
    return _SECRET_NAME.search(name) is not None and _BENIGN_ENDING.search(name) is None


def mask_text(text: str, known: tuple[str, ...] = ()) -> str:
    """Return *text* without the secrets it names, and without the *known* ones.

    >>> mask_text("refused: password=hunter2 at smtp://ghost:hunter2@mail.example.com")
    'refused: password=[redacted] at smtp://ghost:[redacted]@mail.example.com'
    """
    for secret in known:
        text = text.replace(secret, MASK)
    if "://" in text:
        text = _URL_PASSWORD.sub(rf"\1:{MASK}@", text)
    if _SECRET_NAME.search(text):
        text = _PRIVATE_KEY.sub(MASK, text)
        text = _NAMED.sub(_mask_value, text)
    text = _BEARER.sub(rf"\1 {MASK}", text)
    return _NO_MORE_RETRIES.sub(rf"\1 args:{MASK} kwargs:{MASK}", text)


def mask_emails(text: str) -> str:
    """Return *text* without e-mail addresses."""
    return _EMAIL.sub("[email]", text) if "@" in text else text


def _mask_value(match: re.Match[str]) -> str:
    if _BENIGN_ENDING.search(match["name"]):
        return match[0]
    quote = match["quote"] or ""
    return f"{match['name']}{match['between']}{quote}{MASK}{quote}"


def secrets_given(task: Any, args: Any, kwargs: Any) -> tuple[str, ...]:
    """Return the texts of the secrets among a task's arguments, the longest first; never raises."""
    try:
        found = set(_secret_texts(named_arguments(task, args, kwargs), secret=False))
    except Exception:
        return ()
    return tuple(sorted(found, key=len, reverse=True))


def named_arguments(task: Any, args: Any, kwargs: Any) -> dict[str, Any]:
    """Return arguments by name, positional ones by the task's signature; a call that does not fit it: by keyword."""
    named = {name: value for name, value in (kwargs or {}).items() if isinstance(name, str)}
    try:
        bound = inspect.signature(task.run).bind_partial(*(args or ()), **named).arguments
    except Exception:
        return named
    return {**bound, **named}


def _secret_texts(value: Any, secret: bool) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, member in value.items():
            yield from _secret_texts(member, secret or is_secret_name(text_of(name)))
    elif isinstance(value, list | tuple):
        for element in value:
            yield from _secret_texts(element, secret)
    elif secret and isinstance(value, str | bytes):
        text = text_of(value)
        if len(text) >= SHORTEST:
            yield text
