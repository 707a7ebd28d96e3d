"""Ways to damage lines of a log: in their bytes, in their members, in the life of a task."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import orjson

Lines = list[bytes]
Members = dict[str, Any]
Mutation = Callable[[random.Random, Lines], None]
"""Changes some lines (each with its newline) in place."""

IDENTITY = ("task_id", "tenant_id", "user_id", "correlation_id", "parent_task_id")
ODD_VALUES: Sequence[Any] = (
    *(
        "",
        "None",
        None,
        0,
        -1,
        1.0,
        True,
        [],
        {},
        "a: b",
        "a@b.example",
        "Bearer abcdefghijklmnop",
        "password=hunter22",
    ),
    *("amqp://user:secret@broker//", "task.a", "x" * 300, 2**63, 1e300, ["a", "a"], {"password": "hunter22"}),
    *('Traceback (most recent call last):\n  File "a.py", line 1, in f\nValueError: no', "a\u2028b", "\x1b[0m", "é"),
)
SECRETS = (
    "password=hunter22",
    "Authorization: Bearer abcdef0123456789",
    "redis://u:hunter22@h:1/0",
    "api_key: abcd1234",
)
JSON_TEXT = b'{}[]",:\\0123456789.eE+-truefalsnNI \t\r\n\x00\xff\xef\xbb\xbf'


def by_members(change: Callable[[random.Random, Members], None], *, where: str = "") -> Mutation:
    """Return the mutation that changes the members of one line; of one with the member *where*, if it is named."""

    def mutate(chance: random.Random, lines: Lines) -> None:
        able = [number for number, line in enumerate(lines) if f'"{where}"'.encode() in line] if where else None
        if able == [] or not lines:
            return
        number = chance.choice(able) if able else chance.randrange(len(lines))
        members = members_of(lines[number])
        if members:
            change(chance, members)
            lines[number] = written(members, like=lines[number])

    return mutate


def members_of(line: bytes) -> Members:
    """Return the members of a line, none if it is no object."""
    try:
        members = orjson.loads(line)
    except ValueError:
        return {}
    return members if isinstance(members, dict) else {}


def written(members: Members, *, like: bytes) -> bytes:
    """Return a line with *members*, with separators as those of *like*."""
    separators = (", ", ": ") if b'": ' in like else (",", ":")
    return json.dumps(members, ensure_ascii=False, separators=separators).encode("utf-8", "replace") + b"\n"


def _spliced(chance: random.Random, line: bytes, cut: int, new: bytes) -> bytes:
    at = chance.randrange(len(line)) if line else 0
    return line[:at] + new + line[at + cut :]


def flip_byte(chance: random.Random, lines: Lines) -> None:
    number = chance.randrange(len(lines))
    line = bytearray(lines[number])
    if line:
        line[chance.randrange(len(line))] ^= 1 << chance.randrange(8)
    lines[number] = bytes(line)


def delete_bytes(chance: random.Random, lines: Lines) -> None:
    number = chance.randrange(len(lines))
    lines[number] = _spliced(chance, lines[number], chance.choice((1, 1, 2, 30)), b"")


def insert_bytes(chance: random.Random, lines: Lines) -> None:
    number = chance.randrange(len(lines))
    new = bytes(chance.choice(JSON_TEXT) for _ in range(chance.choice((1, 1, 2, 5))))
    lines[number] = _spliced(chance, lines[number], chance.choice((0, 1)), new)


def splice_two(chance: random.Random, lines: Lines) -> None:
    """Begin as one line, and go on as another."""
    one, other = chance.randrange(len(lines)), chance.randrange(len(lines))
    first, second = lines[one], lines[other]
    lines[one] = first[: chance.randrange(len(first) + 1)] + second[chance.randrange(len(second) + 1) :]


def shorten_name(chance: random.Random, lines: Lines) -> None:
    """One byte of a member's name is missing."""
    number = chance.randrange(len(lines))
    members = members_of(lines[number])
    if members:
        name = chance.choice(list(members)).encode()
        at = lines[number].find(b'"' + name) + 1 + chance.randrange(max(1, len(name)))
        lines[number] = lines[number][:at] + lines[number][at + 1 :]


def repeat_member(chance: random.Random, lines: Lines) -> None:
    """A member stands twice: side by side, or first and last; with its value, or another's."""
    number = chance.randrange(len(lines))
    members = members_of(lines[number])
    if members:
        name, other = chance.choice(list(members)), chance.choice(list(members))
        value = json.dumps(members[chance.choice((name, other))], ensure_ascii=False).encode()
        member = json.dumps(name, ensure_ascii=False).encode() + b":" + value
        begin, _, rest = lines[number].partition(b"{")
        end = lines[number].rpartition(b"}")
        lines[number] = chance.choice((begin + b"{" + member + b"," + rest, end[0] + b"," + member + b"}" + end[2]))


def repeat_nested_member(chance: random.Random, lines: Lines) -> None:
    number = chance.randrange(len(lines))
    nested = chance.choice((b'{"a":1,"a":2}', b'[{"b":{"a":1,"a":1}}]', b'{"a:":1,"a":2}', b'{"a":"b:c"}'))
    lines[number] = lines[number].replace(b"}", b',"detail":' + nested + b"}", 1)


def escape_sign(chance: random.Random, lines: Lines) -> None:
    r"""A sign is written as `\u....`, which hides it from who looks at bytes."""
    number = chance.randrange(len(lines))
    sign = chance.choice(b':=@T{}"/eEr-.aA ')
    at = [place for place, each in enumerate(lines[number]) if each == sign]
    if at:
        place = chance.choice(at)
        written_so = chance.choice((f"\\u{sign:04x}", f"\\u{sign:04X}")).encode()
        lines[number] = lines[number][:place] + written_so + lines[number][place + 1 :]


def add_escape(chance: random.Random, lines: Lines) -> None:
    r"""A text gains an escape: a lone surrogate, a slash, a NUL, `\u003a`."""
    number = chance.randrange(len(lines))
    new = chance.choice((b"\\ud800", b"\\/", b"\\u0000", b"\\u003a", b"\\n", b"\\\\", b'\\"', b"\\ud83d\\ude00"))
    parts = lines[number].split(b'"')
    if len(parts) > 2:
        at = chance.randrange(1, len(parts) - 1)
        parts[at] += new
        lines[number] = b'"'.join(parts)


def put_nan(chance: random.Random, lines: Lines) -> None:
    number = chance.randrange(len(lines))
    name = chance.choice(list(members_of(lines[number])) or ["x"]).encode()
    what = chance.choice((b"NaN", b"Infinity", b"-Infinity", b"1e999", b"01", b"1.", b"-0", b"1" * 30, b"+1"))
    lines[number] = lines[number].replace(
        b"{", b'{"' + chance.choice((b"duration_ms", b"x", name)) + b'":' + what + b",", 1
    )


SEPARATORS = ((b'":', b'": '), (b'":', b'" :'), (b',"', b', "'), (b',"', b' ,"'), (b"{", b"{ "), (b'": ', b'":'))


def loosen_separators(chance: random.Random, lines: Lines) -> None:
    number = chance.randrange(len(lines))
    old, new = chance.choice(SEPARATORS)
    lines[number] = lines[number].replace(old, new, chance.choice((1, 2, -1)))


def end_with_carriage_return(chance: random.Random, lines: Lines) -> None:
    chosen = range(len(lines)) if chance.random() < 0.2 else [chance.randrange(len(lines))]
    for number in chosen:
        lines[number] = lines[number].replace(b"\n", b"\r\n")


def two_on_a_line(chance: random.Random, lines: Lines) -> None:
    number = chance.randrange(len(lines))
    between = chance.choice((b"", b" ", b","))
    lines[number] = lines[number].rstrip(b"\n") + between + chance.choice(lines)


def one_on_two_lines(chance: random.Random, lines: Lines) -> None:
    number = chance.randrange(len(lines))
    lines[number] = _spliced(chance, lines[number], 0, b"\n")


def split_between_members(chance: random.Random, lines: Lines) -> None:
    number = chance.randrange(len(lines))
    lines[number] = lines[number].replace(b',"', b',\n"', 1)


def no_last_newline(chance: random.Random, lines: Lines) -> None:
    lines[-1] = lines[-1].rstrip(b"\n")


def blank_line(chance: random.Random, lines: Lines) -> None:
    lines.insert(
        chance.randrange(len(lines)), chance.choice((b"\n", b" \n", b"null\n", b"[]\n", b'"a"\n', b"\xef\xbb\xbf{}\n"))
    )


def odd_value(chance: random.Random, members: Members) -> None:
    members[chance.choice(list(members))] = chance.choice(ODD_VALUES)


def odd_identity(chance: random.Random, members: Members) -> None:
    members[chance.choice(IDENTITY)] = chance.choice(ODD_VALUES)


def new_member(chance: random.Random, members: Members) -> None:
    name = chance.choice(
        ("password", "api_key", "email", "note", "a:b", "result", "args", "kwargs", "trace_id", "locals")
    )
    members[name] = chance.choice((*ODD_VALUES, "0" * 32, "a" * 32, "A" * 32, "hunter22"))


def drop_member(chance: random.Random, members: Members) -> None:
    del members[chance.choice(list(members))]


def rename_member(chance: random.Random, members: Members) -> None:
    name = chance.choice(list(members))
    members[chance.choice((name.upper(), name + "_", "token", "email", "recipient"))] = members.pop(name)


def reorder(chance: random.Random, members: Members) -> None:
    names = list(members)
    if chance.random() < 0.5:
        at = chance.randrange(len(names) - 1) if len(names) > 1 else 0
        names[at : at + 2] = reversed(names[at : at + 2])
    else:
        chance.shuffle(names)
    again = {name: members[name] for name in names}
    members.clear()
    members.update(again)


def secret_in_text(chance: random.Random, members: Members) -> None:
    texts = [name for name, value in members.items() if isinstance(value, str) and name not in ("timestamp", "level")]
    if texts:
        name = chance.choice(texts)
        members[name] = chance.choice((f"{members[name]} {chance.choice(SECRETS)}", chance.choice(SECRETS)))


def address_in_text(chance: random.Random, members: Members) -> None:
    name = chance.choice([name for name, value in members.items() if isinstance(value, str)] or ["note"])
    members[name] = chance.choice(("ann@example.com", f"{members.get(name)} <bob@example.com>"))


def upper_case_level(chance: random.Random, members: Members) -> None:
    level = members.get("level")
    members["level"] = chance.choice(("warning", "error", "debug", "critical", "trace", str(level).upper(), 20, None))


def other_time(chance: random.Random, members: Members) -> None:
    stamp = str(members["timestamp"])
    members["timestamp"] = chance.choice(
        (
            *(stamp.replace("T", " "), stamp.replace("Z", "+00:00"), stamp[:-4] + "Z", stamp.replace("2025", "2O25")),
            *(
                stamp[:11] + "25" + stamp[13:],
                stamp[:17] + "60" + stamp[19:],
                stamp[:5] + "02-30" + stamp[10:],
                1.5,
                stamp + " ",
            ),
            *(
                stamp[:17] + "61" + stamp[19:],
                stamp[:20] + "٣" + stamp[21:],
                stamp.lower(),
                stamp[:11] + "24" + stamp[13:],
            ),
        )
    )


def shift_time(chance: random.Random, members: Members) -> None:
    try:
        at = datetime.fromisoformat(str(members["timestamp"]))
        shifted = at + timedelta(seconds=chance.choice((-3_600, -5, -0.1, -1e-6, 1e-6, 0.06, 5, 3_600, 86_400)))
    except (ValueError, OverflowError):
        return
    members["timestamp"] = shifted.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def wrong_duration(chance: random.Random, members: Members) -> None:
    told = members["duration_ms"]
    if isinstance(told, int | float):
        members["duration_ms"] = chance.choice(
            (told + 51, told * 1.2, told - 60, -1, told + 49.9, told / 1_000, int(told), 10**7)
        )


def wrong_count(chance: random.Random, members: Members) -> None:
    names = (
        "retry_count",
        "max_retries",
        "args_count",
        "processed_records",
        "total_records",
        "total_processed",
        "countdown",
    )
    name = chance.choice([each for each in names if each in members] or ["retry_count"])
    members[name] = chance.choice((0, 1, 2, 3, 7, -1, 1.0, 1.5, "1", None, True, 10**6))


def other_event(chance: random.Random, members: Members) -> None:
    members["event"] = chance.choice(
        (
            *("Task starting", "Task completed", "Task failed", "Task failed, retrying", "Task revoked", "Task ended"),
            *("Task failed permanently after max retries", "Processing progress", "Worker ready", "", " ", 5),
        )
    )


def other_name(chance: random.Random, members: Members) -> None:
    members["task_name"] = chance.choice(("other.task", "", None, str(members.get("task_name")) + "x"))


def other_error(chance: random.Random, members: Members) -> None:
    error = members.get("error")
    members["error"] = chance.choice(
        (
            "ValueError: no",
            "no",
            "",
            "None",
            "KeyError",
            f"x{error}",
            f"{error}x",
            f"a.{error}",
            "ann@example.com: no",
            None,
        )
    )


def other_exception(chance: random.Random, members: Members) -> None:
    told = str(members.get("exception"))
    shown = "Traceback (most recent call last):\n  File \"a.py\", line 1, in f\n    x()\n    a = 'b'\nValueError: no"
    members["exception"] = chance.choice(
        (told + "x", told.replace("Traceback", "Trace"), shown, "", "None", None, told[:40])
    )


def other_flags(chance: random.Random, members: Members) -> None:
    name = chance.choice(
        ("state", "has_return_value", "redelivered", "terminated", "expired", "truncated", "kwargs_keys")
    )
    members[name] = chance.choice(
        (
            "SUCCESS",
            "FAILURE",
            True,
            False,
            None,
            1,
            0,
            [],
            ["tenant_id"],
            ["user_id", "user_id"],
            ["password"],
            ["a", 1],
        )
    )


def other_operation(chance: random.Random, members: Members) -> None:
    members["operation"] = chance.choice(
        ("task", "task..a", "task.a b", "email.send", "", None, "task.other", ".a", "a.b.")
    )


def other_service(chance: random.Random, members: Members) -> None:
    members["service"] = chance.choice(("other", "", None, 1, "wörker"))


def other_logger(chance: random.Random, members: Members) -> None:
    members["logger"] = chance.choice(
        ("celery.worker", "celery.app.trace", "app", "", "a..b", "a b", None, "stdout", "kombu")
    )


def leak_identity(chance: random.Random, lines: Lines) -> None:
    """A record carries another task's tenant, user, correlation, parent or id."""
    name = chance.choice(IDENTITY)
    known = sorted({str(members[name]) for line in lines if name in (members := members_of(line))})
    number = chance.randrange(len(lines))
    members = members_of(lines[number])
    if known and members:
        members[name] = chance.choice((*known, "stranger"))
        lines[number] = written(members, like=lines[number])


def leak_into_task(chance: random.Random, lines: Lines) -> None:
    """All of one task's records, from one of them on, carry another tenant."""
    name = chance.choice(IDENTITY[1:])
    numbers = _of_one_task(chance, lines)
    known = sorted({str(members[name]) for line in lines if name in (members := members_of(line))}) or ["stranger"]
    value, at = chance.choice(known), chance.randrange(len(numbers)) if numbers else 0
    for number in numbers[at:]:
        lines[number] = written({**members_of(lines[number]), name: value}, like=lines[number])


def drop_identity_of_task(chance: random.Random, lines: Lines) -> None:
    name = chance.choice(IDENTITY)
    for number in _of_one_task(chance, lines):
        members = members_of(lines[number])
        members.pop(name, None)
        lines[number] = written(members, like=lines[number])


def two_tasks_as_one(chance: random.Random, lines: Lines) -> None:
    one, other = _of_one_task(chance, lines), _of_one_task(chance, lines)
    if one and other:
        task_id = members_of(lines[one[0]])["task_id"]
        for number in other:
            lines[number] = written({**members_of(lines[number]), "task_id": task_id}, like=lines[number])


def service_of_task(chance: random.Random, lines: Lines) -> None:
    service = chance.choice(("other", None))
    for number in _of_one_task(chance, lines):
        lines[number] = written({**members_of(lines[number]), "service": service}, like=lines[number])


def _of_one_task(chance: random.Random, lines: Lines) -> list[int]:
    owners = [members_of(line).get("task_id") for line in lines]
    tasks = sorted({each for each in owners if isinstance(each, str)})
    chosen = chance.choice(tasks) if tasks else None
    return [number for number, owner in enumerate(owners) if owner == chosen and chosen is not None]


def drop_line(chance: random.Random, lines: Lines) -> None:
    if len(lines) > 1:
        del lines[chance.randrange(len(lines))]


def drop_ending(chance: random.Random, lines: Lines) -> None:
    """A task's last record is missing, or its first."""
    numbers = _of_one_task(chance, lines)
    if numbers and len(lines) > 1:
        del lines[numbers[chance.choice((0, -1))]]


def repeat_line(chance: random.Random, lines: Lines) -> None:
    lines.insert(chance.randrange(len(lines) + 1), chance.choice(lines))


def repeat_ending(chance: random.Random, lines: Lines) -> None:
    numbers = _of_one_task(chance, lines)
    if numbers:
        lines.insert(chance.choice((numbers[-1] + 1, len(lines))), lines[numbers[-1]])


def swap_lines(chance: random.Random, lines: Lines) -> None:
    one, other = chance.randrange(len(lines)), chance.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]


def swap_of_task(chance: random.Random, lines: Lines) -> None:
    numbers = _of_one_task(chance, lines)
    if len(numbers) > 1:
        one, other = chance.sample(numbers, 2)
        lines[one], lines[other] = lines[other], lines[one]


def cut_sample(chance: random.Random, lines: Lines) -> None:
    at = chance.randrange(len(lines))
    if at > 0:
        del lines[slice(None, at) if chance.random() < 0.5 else slice(at, None)]


BYTES: dict[str, Mutation] = {
    each.__name__: each
    for each in (
        *(flip_byte, delete_bytes, insert_bytes, splice_two, shorten_name, repeat_member, repeat_nested_member),
        *(escape_sign, add_escape, put_nan, loosen_separators, end_with_carriage_return, two_on_a_line),
        *(one_on_two_lines, split_between_members, no_last_newline, blank_line),
    )
}
"""What can befall the text of a line."""
MEMBERS: dict[str, Mutation] = {
    **{
        each.__name__: by_members(each)
        for each in (
            *(
                odd_value,
                odd_identity,
                new_member,
                drop_member,
                rename_member,
                reorder,
                secret_in_text,
                address_in_text,
            ),
            *(upper_case_level, wrong_count, other_event, other_flags, other_service, other_logger),
        )
    },
    **{each.__name__: by_members(each, where="timestamp") for each in (other_time, shift_time)},
    **{each.__name__: by_members(each, where="task_name") for each in (other_name,)},
    **{each.__name__: by_members(each, where="operation") for each in (other_operation,)},
    **{each.__name__: by_members(each, where="error") for each in (other_error, other_exception)},
    **{each.__name__: by_members(each, where="duration_ms") for each in (wrong_duration,)},
    "drop_start_tenant": by_members(lambda _, members: members.pop("tenant_id", None), where="args_count"),
}
"""What can befall the members of a record."""
TASKS: dict[str, Mutation] = {
    each.__name__: each
    for each in (
        *(leak_identity, leak_into_task, drop_identity_of_task, two_tasks_as_one, service_of_task, drop_line),
        *(drop_ending, repeat_line, repeat_ending, swap_lines, swap_of_task, cut_sample),
    )
}
"""What can befall a task."""
MUTATIONS = {**BYTES, **MEMBERS, **TASKS}


def mutated(data: bytes, names: Sequence[str], seed: int) -> bytes:
    """Return *data* after the mutations called *names*, one after another."""
    chance = random.Random(seed)
    lines = data.splitlines(keepends=True) if b"\r" not in data else [each + b"\n" for each in data.split(b"\n")[:-1]]
    for name in names:
        if lines:
            MUTATIONS[name](chance, lines)
    return b"".join(lines)
