"""
The configuration's file: what is in it stays byte for byte, and only waivers come, go, or change their count.

The text is changed, not written anew, so comments and layout live on. Whether
it then says what it should is read back from it before it is written.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from logconform.adopt.needs import Need
from logconform.config import ConfigError, Waiver
from logconform.report.words import clipped, printable

OWN, SHARED = "logconform.toml", "pyproject.toml"
FAULTS_LISTED = 8
"""Faults that stand above a new waiver as a comment."""
_WAIVER = re.compile(r"^[ \t]*\[\[[ \t]*(?:tool[ \t]*\.[ \t]*logconform[ \t]*\.[ \t]*)?waivers[ \t]*\]\]", re.M)
_TABLE_OF_OURS = re.compile(r"^[ \t]*\[[ \t]*tool[ \t]*\.[ \t]*logconform[ \t]*\][^\n]*\n", re.M)
_TABLE = re.compile(r"^[ \t]*\[", re.M)
_COUNT = re.compile(r"^([ \t]*count[ \t]*=[ \t]*)\d+", re.M)


@dataclass(frozen=True, slots=True)
class Document:
    """A file that holds, or is to hold, the configuration."""

    path: Path
    text: str

    @classmethod
    def of(cls, folder: Path, source: Path | None) -> Document:
        """Return the file with the configuration, else the one of *folder* that is to hold it."""
        shared = folder / SHARED
        path = source or (shared if shared.is_file() else folder / OWN)
        return cls(path, path.read_bytes().decode("utf-8") if path.is_file() else "")

    @property
    def is_shared(self) -> bool:
        """Whether the file is `pyproject.toml`, where the configuration is one table of many."""
        return self.path.name == SHARED

    def with_app(self, app: str) -> Document:
        """Return it with *app* named: at the beginning of logconform's own table, which is made where it is missing."""
        line = f'# Written by `logconform init`.\napp = "{app}"\n'
        if not self.is_shared:
            return Document(self.path, f"{line}\n{self.text}" if self.text.strip() else line)
        if (table := _TABLE_OF_OURS.search(self.text)) is None:
            return self._with(f"[tool.logconform]\n{line}")
        return Document(self.path, self.text[: table.end()] + line + self.text[table.end() :])

    def with_new(self, needs: Sequence[Need]) -> Document:
        """Return it with a waiver at its end for each need."""
        made = self
        for need in needs:
            made = made._with("".join(f"{line}\n" for line in self._lines(need)))
        return made

    def renewed(self, kept: Mapping[int, Waiver]) -> Document:
        """
        Return it with only the waivers that are *kept*, by their number, with their count.

        Raises:
            ConfigError: If its waivers are not written as `[[waivers]]` tables.
        """
        starts = [found.start() for found in _WAIVER.finditer(self.text)]
        pieces, position = [], 0
        for number, start in enumerate(starts):
            after = _TABLE.search(self.text, self.text.index("]]", start) + 2)
            end = after.start() if after else len(self.text)
            pieces.append(self.text[position:start])
            if number in kept:
                pieces.append(_counted(self.text[start:end], kept[number].count))
            position = end
        made = Document(self.path, "".join([*pieces, self.text[position:]]))
        made.expect(list(kept.values()))
        return made

    def expect(self, waivers: Sequence[Waiver]) -> None:
        """
        See that it says what it should.

        Raises:
            ConfigError: If its waivers are not *waivers*, requirement by requirement and count by count.
        """
        try:
            table: Any = tomllib.loads(self.text)
        except tomllib.TOMLDecodeError as error:
            raise ConfigError(f"{self.path}: can't take the waivers ({error}); {_REMEDY}") from None
        table = table.get("tool", {}).get("logconform", {}) if self.is_shared else table
        said = [(each["requirement"], each.get("count")) for each in table.get("waivers", ())]
        if said != [(each.requirement, each.count) for each in waivers]:
            raise ConfigError(f"{self.path}: its waivers can't be told apart; {_REMEDY}")

    def _with(self, block: str) -> Document:
        gap = "" if not self.text or self.text.endswith("\n\n") else "\n" if self.text.endswith("\n") else "\n\n"
        return Document(self.path, self.text + gap + block)

    def _lines(self, need: Need) -> Iterator[str]:
        waiver = need.waiver
        yield f"[[{'tool.logconform.' if self.is_shared else ''}waivers]]"
        yield f"# {need.title}:"
        for fault in need.faults[:FAULTS_LISTED]:
            yield f"# - {printable(clipped(fault, 150))}"
        if more := need.faults[FAULTS_LISTED:]:
            yield f"# - and {len(more)} more"
        yield f'requirement = "{waiver.requirement}"'
        yield f"count = {waiver.count}"
        if waiver.environment is not None:
            yield f"environment = {_text(waiver.environment)}"
        if waiver.until is not None:
            yield f"until = {waiver.until}"
        yield f"reason = {_text(waiver.reason)}"


_REMEDY = "write each as a [[waivers]] table of its own ([[tool.logconform.waivers]] in pyproject.toml)"


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)  # what JSON escapes, TOML escapes alike


def _counted(block: str, count: int | None) -> str:
    """Return the text of a waiver with another count; a waiver without one keeps having none."""
    return block if count is None else _COUNT.sub(rf"\g<1>{count}", block)
