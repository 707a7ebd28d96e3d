"""What must not be in a log is masked by name, by shape and by value."""

from __future__ import annotations

import time

import pytest

from reference_worker.logging.encoding import Plain
from reference_worker.logging.redaction import MASK, is_secret_name, must_mask, redact_text, secret_values


@pytest.mark.parametrize(
    "name",
    [
        *("password", "PASSWD", "user_password", "Secret", "clientSecret", "verification_token", "X-Api-Key", "apikey"),
        *("api key", "Authorization", "Set-Cookie", "private_key", "privateKey", "credentials", "db.pwd", "auth"),
    ],
)
def test_a_secret_is_known_by_its_name(name: str) -> None:
    """SAFE001: whatever case and separators it is written in."""
    assert is_secret_name(name)


@pytest.mark.parametrize("name", ["tenant_id", "kwargs_keys", "author", "token_type", "secret_names", "event", "key"])
def test_other_names_are_not_secret(name: str) -> None:
    """A name that tells about secrets, or only resembles one, hides nothing."""
    assert not is_secret_name(name)


@pytest.mark.parametrize(
    ("name", "value"),
    [("expired_tokens_removed", 42), ("has_password", True), ("total_tokens", 7), ("token", None), ("token_count", 3)],
)
def test_counts_flags_and_absences_are_shown(name: str, value: object) -> None:
    """SAFE001: a count, a flag or an absence is no secret."""
    assert not must_mask(name, value)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("password=hunter2, user=u", "password=[redacted], user=u"),
        ("{'api_key': 'a b', 'n': 1}", "{'api_key': '[redacted]', 'n': 1}"),
        ('{"token": "a\\"b"}', '{"token": "[redacted]"}'),
        (r"{\"token\": \"a b\", \"n\": 1}", r"{\"token\": \"[redacted]\", \"n\": 1}"),
        (r"[\\'pwd\\': \\'it\\\\'s b\\', 1]", r"[\\'pwd\\': \\'[redacted]\\', 1]"),
        ("Cookie: theme=dark; session=abc", "Cookie: [redacted]"),
        ("{'Cookie': 'theme=dark; session=abc'}", "{'Cookie': '[redacted]'}"),
        ("Authorization: Bearer abc.def", "Authorization: [redacted]"),
        ("sent Bearer abcdefgh12", "sent Bearer [redacted]"),
        ("redis://user:p%40ss@db:6379/0", "redis://***@db:6379/0"),
        ("https://h/p?access_token=abc&x=1#secret=s", "https://h/p?access_token=[redacted]&x=1#secret=[redacted]"),
        ("-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----", MASK),
        ("expired_tokens_removed=42", "expired_tokens_removed=42"),
        ("password=None", "password=None"),
        ("user@example.com wrote", "user@example.com wrote"),
    ],
)
def test_a_text_is_masked_by_shape(text: str, shown: str) -> None:
    """SAFE001, SAFE002: in messages and tracebacks, where there are no fields."""
    assert redact_text(text) == shown


def test_values_of_secret_arguments_are_found_at_any_depth() -> None:
    """SAFE001: what a task was given as a secret is masked wherever it turns up; short values are not searched for."""
    values = secret_values(
        {"data": [{"Token": {"inner": "s3cret'9"}}], "pin_password": 123456, "pwd": "abc", "user": "u" * 9}
    )
    assert set(values) == {"s3cret'9", r"s3cret\'9", r"s3cret\\'9", r"s3cret\\\'9", "s3cret%279", "123456"}
    assert list(values) == sorted(values, key=len, reverse=True)
    assert Plain(values).value(["is s3cret'9", {"code": "x123456"}]) == ["is [redacted]", {"code": "x[redacted]"}]


@pytest.mark.parametrize(
    "text",
    [
        *("a" * 500_000, "token" * 100_000, "://" * 150_000, "=" * 500_000, "'" * 500_000, "auth:" * 90_000),
        *("cookie:" * 70_000, "cookie:a" * 60_000, r"token=\'" * 60_000, "token=\\" * 70_000),
        *(r"token=\\'token=\'" * 30_000, "".join(rf"token={chr(92) * (n % 9)}'" for n in range(50_000))),
    ],
)
def test_masking_takes_time_in_proportion_to_the_text(text: str) -> None:
    """A hostile text cannot keep a task waiting: half a megabyte takes well under five seconds."""
    began = time.process_time()
    redact_text(text)
    assert time.process_time() - began < 5
