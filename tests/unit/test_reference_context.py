"""The context of the reference worker's log."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from uuid import UUID

import pytest

from reference_worker.logging.context import (
    IDENTIFIER_LENGTH,
    bind_context,
    clear_context,
    current_context,
    identifier,
    log_context,
)


@pytest.fixture(autouse=True)
def unbound() -> Iterator[None]:
    clear_context()
    yield
    clear_context()


class RaisesWhenShown:
    def __repr__(self) -> str:
        return "RaisesWhenShown()"

    def __str__(self) -> str:
        raise RuntimeError("no")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("acme", "acme"),
        (0, "0"),
        (False, "False"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (None, None),
        ("", None),
        ("None", None),
        ("\ud800", "\\ud800"),
        ({"password": "hunter2"}, '{"password":"[redacted]"}'),
        (RaisesWhenShown(), "<unprintable RaisesWhenShown>"),
        ("x" * 100_000, "x" * IDENTIFIER_LENGTH + "…"),
    ],
    ids=repr,
)
def test_an_identifier_is_a_text_or_absent(value: object, shown: str | None) -> None:
    """CTX004, CTX010, CTX013: whatever stands for an identifier, it is a bounded text, or none at all."""
    assert identifier(value) == shown


def test_fields_without_a_value_are_not_bound() -> None:
    """CTX004: None and the empty text are absences; 0 is an identifier, and a plain field keeps its type."""
    bind_context(tenant_id=None, user_id=0, email_type="", attempts=0)
    assert current_context() == {"user_id": "0", "attempts": 0}


def test_leaving_a_block_restores_what_was_bound() -> None:
    """CTX006: the inner block overrides; leaving it restores, also what was bound inside without a block."""
    bind_context(operation="task.a", tenant_id="t")
    before = current_context()
    with log_context(operation="b.c", step=1):
        with log_context(step=2):
            assert current_context() == {"operation": "b.c", "tenant_id": "t", "step": 2}
        bind_context(left="over")
        assert current_context()["step"] == 1
    assert current_context() == before


def test_leaving_a_block_by_an_exception_restores_too() -> None:
    """CTX006: an exception passes through unchanged and leaves nothing bound."""
    with pytest.raises(KeyError, match="x"), log_context(step=1):
        raise KeyError("x")
    assert current_context() == {}


def test_an_absent_value_leaves_the_outer_one() -> None:
    """A task that passes on `tenant_id=None` does not hide the tenant that is bound."""
    with log_context(tenant_id="outer"), log_context(tenant_id=None):
        assert current_context() == {"tenant_id": "outer"}


def test_threads_have_their_own_context() -> None:
    """CTX011: what one thread binds, another does not see."""
    seen: list[dict[str, object]] = []
    bind_context(tenant_id="main")
    thread = threading.Thread(target=lambda: seen.append(current_context()))
    thread.start()
    thread.join(5)
    assert seen == [{}]
