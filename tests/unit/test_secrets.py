"""What is a secret, what only looks like one, and that evidence shows none."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logconform.secrets import excerpt, is_masked, is_secret_name, printable, redact_text, unmasked_secrets

SECRET_NAMES = (
    "password passwd pwd PASSWORDS db_password DB_PASSWORD dbpassword smtp_pass passphrase password_confirmation "
    "secret client_secret clientSecret SECRET_KEY_BASE token token2 verification_token refreshToken authToken "
    "accessTokenV2 access_token_value csrfmiddlewaretoken api_key apiKey APIKey apikey X-Api-Key authorization "
    "Authorization HTTP_AUTHORIZATION cookie Set-Cookie private_key privateKey credentials user.password access_key "
    "aws_secret_access_key secretAccessKey signing_key"
)
PLAIN_NAMES = (
    "kwargs_keys tokens_total max_tokens prompt_tokens token_count token_type token_id token_expiry token_expires_at "
    "expired_tokens_removed password_changed_at password_policy password_hint password_field has_password "
    "is_token_valid secret_name cookie_name cookies_enabled authorization_url api_key_id apikey_expires public_key "
    "primary_key key keys monkey passenger compass tokenizer author author_name authority authorized keyboard "
    "secretary event operation timestamp task_id email_type token_ttl secret_version token_status token_at token_limit"
)
MASKED = (
    "***|****|**********|**|[redacted]|<redacted>|[REDACTED]|[Filtered]|(hidden)|{masked}|xxxxx|XXXXXXXX|…|...|redacted|"
    "Bearer ***|Basic [redacted]|'***'|[redacted: 12 characters]|SecretStr('**********')|ab…yz|sk-***|•••"
)
UNMASKED = "hunter2|Bearer abc.def|xx|p*ss|s3cret…but-this-is-long|abcdefgh***|redacted-not|x|VALUE"


class TestNames:
    @pytest.mark.parametrize("name", SECRET_NAMES.split())
    def test_secret(self, name: str) -> None:
        """A name with a secret's word in it is secret, in any case and with any separator."""
        assert is_secret_name(name)

    @pytest.mark.parametrize("name", PLAIN_NAMES.split())
    def test_plain(self, name: str) -> None:
        """A name for something about a secret (its type, count, age) or that only resembles one is plain."""
        assert not is_secret_name(name)


class TestMasks:
    @pytest.mark.parametrize("value", MASKED.split("|"))
    def test_masked(self, value: str) -> None:
        """What stands for a secret is masked."""
        assert is_masked(value)

    @pytest.mark.parametrize("value", UNMASKED.split("|"))
    def test_unmasked(self, value: str) -> None:
        """A value that shows more than a few characters is not masked."""
        assert not is_masked(value)


TRACEBACK = """Traceback (most recent call last):
  File "tasks.py", line 3, in run
    login(user, password=secretstuff, token=tok2)
    ~~~~~^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  File "tasks.py", line 9, in login
    def send(self, token: str = None, password: str | None = None) -> str: x = token = y
  + Exception Group Traceback (most recent call last):
  |   File "x.py", line 1, in f
  |     connect(password=pw4)
KeyError: 1"""

TEXTS_WITH_SECRETS = [
    ("amqp://guest:guest@mq//", "amqp://guest:[redacted]@mq//"),
    ("redis://:pw123@h:6379/0", "redis://:[redacted]@h:6379/0"),
    ("a://u:p1@x,b://v:p@2@y", "a://u:[redacted]@x,b://v:[redacted]@y"),
    ("GET /v?token=abc1 HTTP/1.1", "GET /v?token=[redacted] HTTP/1.1"),
    ("https://x/y?a=1&api_key=VAL2#z", "https://x/y?a=1&api_key=[redacted]#z"),
    ("kwargs={'password': 'hunter2', 'x': 1}", "kwargs={'password': '[redacted]', 'x': 1}"),
    ('{"token": "abc"}', '{"token": "[redacted]"}'),
    ('{\\"token\\": \\"abc\\"}', '{\\"token\\": \\"[redacted]\\"}'),
    ("{'api_key': b'abc'}", "{'api_key': b'[redacted]'}"),
    ("login with password=hunter2.", "login with password=[redacted]."),
    ("password='hunter 2'", "password='[redacted]'"),
    ("    password = 'hunter2'", "    password = '[redacted]'"),
    ('token="it\'s"', 'token="[redacted]"'),
    ("--password=hunter2 -v", "--password=[redacted] -v"),
    ("User(name='x', password='hunter2')", "User(name='x', password='[redacted]')"),
    ("Authorization: Bearer VALUE", "Authorization: Bearer [redacted]"),
    ("authorization=Basic dXNlcjpwYXNz;", "authorization=Basic [redacted];"),
    ("'Authorization': 'Bearer abc.def'", "'Authorization': '[redacted]'"),
    ("sent Bearer abcdefghij0123456789xyz", "sent Bearer [redacted]"),
    ("Cookie: sid=abc123; x=y", "Cookie: sid=[redacted]; x=y"),
    ('"password": "cut in the midd', '"password": "[redacted]'),
    (TRACEBACK + "\nValueError: token=a1b2", TRACEBACK + "\nValueError: token=[redacted]"),
]
TEXTS_WITHOUT = [
    TRACEBACK,
    "token=None",
    "password is required",
    'token_type: "Bearer"',
    "Token cleanup completed",
    "secret: rotated",
    "maintenance.cleanup_tokens",
    "login(user, password=password)",
    "connect(dsn, password=passw)",
    'token = request.args["token"]',
    "redis://:**@127.0.0.1:6379/0",
    "amqp://guest:***@h",
    "postgresql://u:[redacted]@h/db",
    "postgresql://u:<redacted>@h/db",
    "http://user@host/",
    "http://host:8080/a@b",
    "?token=[redacted]&x=1",
    "?token=%5Bredacted%5D",
    "?token=***&x=1",
    "password=[redacted]",
    "token=<redacted>",
    "'password': '***'",
    "{'password': None, 'token': True, 'tokens': 3}",
    "password=self.password",
    "password=settings.smtp.password",
    "password=get_password()",
    'password=os.environ["X"]',
    "UPDATE t SET password=%(password)s WHERE token=? AND secret=$1 AND password=:password",
    'headers = {"Authorization": f"Bearer {token}"}',
    "{'Authorization': 'Bearer '}",
    "{'type': 'token'}",
    "ValueError: token expired",
    'unexpected token: "}"',
    "if token == 'abc':",
    "password_field='pw'",
    "Authorization: Basic auth failed",
    "max_tokens=100, token_count='3'",
    "os.environ['SECRET_KEY']",
    "api_key=API_KEY",
    "Could not parse token=",
    'password=""',
    "password='{password}'",
    "1 validation error: password\n  Field required [type=missing, input_value={'email': 'x'}, input_type=dict]",
]


class TestText:
    @pytest.mark.parametrize(("text", "redacted"), TEXTS_WITH_SECRETS)
    def test_secrets_in_text(self, text: str, redacted: str) -> None:
        """A secret in a URL or beside its name is found, and nothing but the secret is replaced."""
        assert redact_text(text) == redacted
        assert list(unmasked_secrets({"event": text})) != []
        assert list(unmasked_secrets({"event": redacted})) == []

    @pytest.mark.parametrize("text", TEXTS_WITHOUT)
    def test_no_accusation(self, text: str) -> None:
        """Code, prose, masks, flags and placeholders are no secrets."""
        assert list(unmasked_secrets({"exception": text})) == []
        assert redact_text(text) == text

    @pytest.mark.parametrize(
        "part", ["a", "token=", "://a:", "'token':", "token \\", " ", "'token': 'a", "Bearer a1", "?&"]
    )
    def test_long_texts_take_linear_time(self, part: str) -> None:
        """No pattern backtracks over a long text: 200,000 characters end well within the test's time."""
        list(unmasked_secrets({"event": part * (200_000 // len(part)) + ":= token"}))


class TestRecords:
    @pytest.mark.parametrize(
        ("members", "found"),
        [
            ({"password": "hunter2"}, [(("password",), "hunter2")]),
            ({"a": [{"b": {"apiKey": "k1"}}]}, [(("a", 0, "b", "apiKey"), "k1")]),
            ({"token": {"value": "v", "type": "Bearer"}}, [(("token", "value"), "v")]),
            ({"credentials": {"user": "bob", "password": "x"}}, [(("credentials", "password"), "x")]),
            ({"secrets": ["DB_PASSWORD", "x1"]}, [(("secrets", 1), "x1")]),
            ({"url": "amqp://a:b@c"}, [(("url",), "b")]),
            ({"authorization": "Bearer abc"}, [(("authorization",), "Bearer abc")]),
            ({"cookie": "a=***; b=real"}, [(("cookie",), "a=***; b=real")]),
            ({"kwargs_keys": ["verification_token"], "expired_tokens_removed": 42, "max_tokens": "9"}, []),
            ({"token": 12, "secret": True, "password": None, "cookie": 1.5}, []),
            ({"token": "expired", "secret": "", "password": "required", "authorization": "denied"}, []),
            ({"token": "[redacted]", "authorization": "Bearer ***", "cookie": "a=***; b=[redacted]"}, []),
            ({"detail": {"credentials": "Could not validate credentials"}}, []),
            ({"operation": "maintenance.cleanup_tokens", "event": "Token cleanup completed"}, []),
            ({"token_type": "Bearer", "token_id": "t-1"}, []),
        ],
    )
    def test_members(self, members: dict[str, Any], found: list[Any]) -> None:
        """Strings under a secret name are secrets at any depth; numbers, flags and masks are none."""
        assert list(unmasked_secrets(members)) == found

    def test_nesting_without_end(self) -> None:
        """The search does not recurse."""
        nested: Any = "amqp://a:b@c"
        for _ in range(5_000):
            nested = [nested]
        assert [secret for _, secret in unmasked_secrets({"x": nested})] == ["b"]


class TestExcerpt:
    @pytest.mark.parametrize(
        ("raw", "shown"),
        [
            (b'{"a": 1}\n', '{"a": 1}'),
            (b'{"password": "a", "x": "a"}\r\n', '{"password": "[redacted]", "x": "[redacted]"}'),
            (b'{"token": "t-456", "token": "t-789"}\n', '{"token": "[redacted]", "token": "[redacted]"}'),
            (
                b'{"cookies": {"sid": "abcd"}, "event": "abcd"}',
                '{"cookies": {"sid": "[redacted]"}, "event": "[redacted]"}',
            ),
            (b'{"password": "caf\\u00e9s", "n": "\\ud800"}', '{"password": "[redacted]", "n": "\\ud800"}'),
            (b'{"password": "a\\/b\\/c"}', "(a line with a secret in it, not shown)"),
            (b'{"x": "\x1b\xe2\x80\xa8\xff', '{"x": "\\x1b\\u2028\\xff'),
            (b"plain text, password=hunter2\n", "plain text, password=[redacted]"),
            (b"", ""),
        ],
    )
    def test_one_printable_line_without_secrets(self, raw: bytes, shown: str) -> None:
        """A line is shown as it is, but for secrets and for what a terminal would not show."""
        assert excerpt(raw) == shown

    def test_it_is_cut(self) -> None:
        """A long line is cut to the limit, with an ellipsis at its end."""
        assert excerpt(b'{"event": "' + b"x" * 1_000 + b'"}\n', limit=20) == '{"event": "xxxxxxxx…'
        assert len(excerpt(b"\x00" * 100_000)) == 240
        assert excerpt(b"x" * 240) == "x" * 240
        assert excerpt(b"x" * 241) == "x" * 239 + "…"

    def test_a_long_record_is_shown_from_its_event_on(self) -> None:
        """What stands before the event is the same on every record, and tells nothing about the fault."""
        assert excerpt(b'{"level": "info", "service": "w", "event": "Ready", "n": 1}', limit=40) == (
            '{… "event": "Ready", "n": 1}'
        )

    @given(
        st.dictionaries(
            st.sampled_from(["token", "cookies", "x", "kwargs"]),
            st.recursive(
                st.text("ab7/\\\"'é\ud800\x1b😀 ", min_size=4, max_size=8),
                lambda inner: (
                    st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["password", "y"]), inner, max_size=2)
                ),
                max_leaves=4,
            ),
        ),
        st.booleans(),
    )
    def test_it_never_shows_a_secret(self, members: dict[str, Any], ascii_only: bool) -> None:
        """No secret of a record stands in its excerpt, however it is nested or escaped."""
        raw = json.dumps(members, ensure_ascii=ascii_only).encode("utf-8", "backslashreplace")
        shown = excerpt(raw, limit=100_000)
        assert shown.isprintable()
        for _, secret in unmasked_secrets(members):
            if len(secret.strip()) >= 4 and secret.isalnum():
                assert secret not in shown

    @given(st.binary(max_size=200), st.integers(1, 50))
    def test_any_bytes(self, raw: bytes, limit: int) -> None:
        """Whatever the bytes, the excerpt is printable and within its limit."""
        shown = excerpt(raw, limit)
        assert shown.isprintable()
        assert len(shown) <= limit

    def test_printable(self) -> None:
        """Control characters, separators and lone surrogates become escapes; printable text stays as it is."""
        assert printable("é😀 a") == "é😀 a"
        assert printable("\x1b\u202e\ud800\x85") == "\\x1b\\u202e\\ud800\\x85"
