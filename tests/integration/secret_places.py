"""Wherever a task can put a secret; what the tasks of `secret_probes` do.

Each place has a secret of its own, which worker and test derive from the same
seed. `SAID_ITSELF` are places of which the secret is no argument of the task:
only its name or its shape gives it away there. `GIVEN` are what a task may do
with a secret that it was given as an argument.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from urllib.parse import quote, quote_plus

from celery import current_app, current_task

from reference_worker.logging import bind_context, get_logger, log_context

SEED_VARIABLE = "SECRET_PROBES_SEED"

Place = Callable[[str], Any]

logger = get_logger(__name__)
library = logging.getLogger("some.library")
SAID_ITSELF: dict[str, Place] = {}
GIVEN: dict[str, Place] = {}


def secret_of(place: str, seed: str | None = None) -> str:
    """Return the secret of *place*: a word that stands nowhere else."""
    return "zq" + hashlib.sha256(f"{seed or os.environ[SEED_VARIABLE]} {place}".encode()).hexdigest()[:18]


def awkward(word: str) -> str:
    """Return a secret whose spelling differs between a text, `repr`, JSON and a URL; all of it has to go."""
    return f"{word[:12]}/é '\"+% {word[12:]}aeiou{word[:6]}"


def says_itself(place: Place) -> Place:
    """Add to the places of which the secret is no argument."""
    SAID_ITSELF[place.__name__] = place
    return place


def is_given(place: Place) -> Place:
    """Add to what is done with an argument."""
    GIVEN[place.__name__] = place
    return place


# Said by the task itself.


@says_itself
def field_by_name(secret: str) -> None:
    logger.info("Field", api_key=secret)


@says_itself
def field_at_depth(secret: str) -> None:
    logger.info(
        "Field", payload={"list": [({"refreshToken": secret},)], "credentials": {"user": secret, "n": [secret]}}
    )


@says_itself
def field_in_odd_mappings(secret: str) -> None:
    logger.info("Field", proxy=MappingProxyType({"X-Api-Key": secret}), odd={b"password": secret, ("token",): "x"})


@says_itself
def field_in_a_dataclass(secret: str) -> None:
    @dataclass
    class Login:
        user: str
        password: str

    logger.info("Field", login=Login("u", secret), text=str(Login("u", secret)))


@says_itself
def field_that_is_an_exception(secret: str) -> None:
    logger.info("Field", fault=ValueError(f"token={secret}"))


@says_itself
def bound_logger(secret: str) -> None:
    logger.bind(session_token=secret).info("Bound")


@says_itself
def context(secret: str) -> None:
    bind_context(session_token=secret)
    with log_context(authorization=secret):
        logger.info("In context")


@says_itself
def event(secret: str) -> None:
    logger.info(f"Logging in with password={secret}")


@says_itself
def positional_arguments(secret: str) -> None:
    logger.info("password=%s", secret)
    library.warning("password=%s", secret)
    library.debug("logging in: %s", {"password": secret})
    library.info("token=%(token)s", {"token": secret})


@says_itself
def extra(secret: str) -> None:
    library.info("Request", extra={"authorization": secret, "body": {"token": secret}, "line": f"secret: {secret}"})


@says_itself
def exception_message(secret: str) -> None:
    raise ValueError(f"refused: token={secret}")


@says_itself
def exception_arguments(secret: str) -> None:
    raise ValueError("refused", {"password": secret})


@says_itself
def exception_chain(secret: str) -> None:
    try:
        raise KeyError(f"password={secret}")
    except KeyError as fault:
        raise RuntimeError(f"api_key: {secret}") from fault


@says_itself
def exception_note(secret: str) -> None:
    fault = ValueError("refused")
    fault.add_note(f"api-key: {secret}")
    raise fault


@says_itself
def exception_group(secret: str) -> None:
    raise ExceptionGroup("several", [ValueError(f"client_secret={secret}"), KeyError(f"passwd={secret}")])


@says_itself
def exception_logged(secret: str) -> None:
    try:
        raise ValueError(f"token={secret}")
    except ValueError:
        logger.exception("Refused")
        library.exception("Refused with token=%s", secret)


@says_itself
def exception_in_a_thread(secret: str) -> None:
    def fail() -> None:
        raise ValueError(f"token={secret}")

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()


@says_itself
def printed(secret: str) -> None:
    print(f"password={secret}")
    print({"password": secret, "headers": {"Authorization": f"Bearer {secret}"}})
    print(json.dumps({"data": json.dumps({"password": secret})}))
    print("password", end="=")
    print(secret)


@says_itself
def printed_on_standard_error(secret: str) -> None:
    print(f"password={secret}", file=sys.stderr)


@says_itself
def printed_headers(secret: str) -> None:
    print(f"Authorization: Bearer {secret}")
    print(f"Authorization: Basic {secret}")
    print(f"Proxy-Authorization: Digest {secret}")
    print(f"Set-Cookie: session={secret}; Path=/")
    print(f"x-api-key: {secret}")


@says_itself
def printed_cookies(secret: str) -> None:
    print(f"Cookie: theme=dark; session={secret}; csrf={secret}")


@says_itself
def printed_urls(secret: str) -> None:
    print(f"GET https://user:{secret}@api.example/v1?access_token={secret}&page=2#token={secret}")
    print(
        f"postgresql+psycopg://:{secret}@db/app and amqp://u:p{secret}@mq//; {secret}@nowhere".replace(
            f"; {secret}", ""
        )
    )


@says_itself
def printed_past_python(secret: str) -> None:
    os.write(1, f"token={secret}\n".encode())


@says_itself
def printed_by_a_subprocess(secret: str) -> None:
    subprocess.run([sys.executable, "-c", f"print('token={secret}')"], check=True, timeout=20)


@says_itself
def warning(secret: str) -> None:
    warnings.warn(f"password={secret}", stacklevel=1)


@says_itself
def settings(secret: str) -> None:
    conf, connection = current_app.conf, current_app.connection_for_read()
    logger.info("Settings", broker_url=conf.broker_url, backend=conf.result_backend, connection=str(connection))
    print(conf.broker_url, connection, current_app.backend, dict(conf.changes))
    raise ConnectionError(f"Cannot connect to redis://:{secret}@db:6379/0: {conf.broker_url}")


@says_itself
def return_value(secret: str) -> Any:
    return {"token": secret}


# Done with what the task was given.


@is_given
def raised(password: str) -> None:
    raise ValueError(password)


@is_given
def raised_in_arguments(password: str) -> None:
    raise KeyError("refused", [password], {"inner": (password,)})


@is_given
def raised_in_a_chain(password: str) -> None:
    try:
        raise KeyError(password)
    except KeyError as fault:
        other = RuntimeError("refused")
        other.add_note(f"it was {password}")
        raise other from fault


@is_given
def raised_after_ending_quietly(password: str) -> None:
    raise subprocess.CalledProcessError(1, ["login", "--with", password])


@is_given
def logged(password: str) -> None:
    logger.info(f"Got {password}", text=f"it is {password}", listed=[password], mapped={password: 1})
    library.warning("it is %s, or %r", password, password)


@is_given
def logged_in_other_spellings(password: str) -> None:
    logger.info("JSON", text=json.dumps([password]), unicode=json.dumps([password], ensure_ascii=False))
    logger.info("URL", plus=quote_plus(password), path=quote(password), whole=quote(password, safe=""))
    logger.info("repr", text=repr(password), inner=repr([repr(password)]), bytes=repr(password.encode()))


@is_given
def logged_as_bytes(password: str) -> None:
    logger.info("Bytes", body=password.encode(), array=bytearray(password.encode()))


@is_given
def shown_on_both_streams(password: str) -> None:
    print(password)
    print([password], file=sys.stderr)
    os.write(1, password.encode() + b"\n")
    subprocess.run([sys.executable, "-c", "import sys; print(sys.argv[1])", password], check=True, timeout=20)


@is_given
def warned(password: str) -> None:
    warnings.warn(password, stacklevel=1)


@is_given
def returned(password: str) -> Any:
    return [password, {"it": password}]


@is_given
def reason_of_a_retry(password: str) -> None:
    current_task.retry(exc=ConnectionError(f"refused {password}, token={password}"), countdown=0.05)


@is_given
def retries_exhausted(password: str) -> None:
    current_task.retry(countdown=0.05)


@is_given
def progress(password: str) -> None:
    current_task.update_state(state="PROGRESS", meta={"password": password, "it": password})


@is_given
def sent_on(password: str) -> None:
    options = {"headers": {"authorization": password}}
    current_task.apply_async(kwargs={"place": "returned", "password": password}, **options)
    current_app.tasks["secret.say"].apply(("no such place",), {"api_key": password}, throw=False)
