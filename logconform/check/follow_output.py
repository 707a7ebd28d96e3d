"""Findings as they come, for people: the form of the report, a few places of each cause."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import date
from typing import Any, BinaryIO

from logconform.check.live_tasks import Recent
from logconform.check.run import ENVIRONMENT
from logconform.config import Config
from logconform.contract import Contract, Level
from logconform.findings import Cause, Finding
from logconform.report.entries import finding_entry
from logconform.report.terminal import EVIDENCE_SHOWN
from logconform.report.waivers import waivers_for
from logconform.report.words import clipped, place_of, printable

PLACES_TOLD = 5
"""So many findings of a cause are told as they come; further ones are in the summary's counts."""

_CAUSES_KEPT = 10_000
_RED, _YELLOW, _PLAIN = "\x1b[1;31m", "\x1b[1;33m", "\x1b[0m"


class Teller:
    """
    Writes findings of the requirements in *kept* to *stream*, standard output by default, each at once.

    Waivers are those of *environment*, the name that a sample has in its report.
    """

    def __init__(
        self,
        contract: Contract,
        config: Config,
        kept: Collection[str],
        *,
        environment: str = ENVIRONMENT,
        stream: BinaryIO | None = None,
        verbose: bool = False,
        colour: bool | None = None,
    ) -> None:
        self._contract = contract
        self._config = config
        self._kept = set(kept)
        self._stream = sys.stdout.buffer if stream is None else stream
        self._environment = environment
        self._verbose = verbose
        self._colour = _has_colours(self._stream) if colour is None else colour
        self._told: Recent[Cause, int] = Recent(_CAUSES_KEPT)

    def tell(self, finding: Finding) -> None:
        """
        Write one finding, unless there were enough of its cause.

        Raises:
            BrokenPipeError: If nobody reads any more.
        """
        if finding.requirement not in self._kept:
            return
        times = self._told.get(finding.cause, 0) + 1
        self._told.put(finding.cause, times)
        if times > PLACES_TOLD and not self._verbose:
            return
        lines = list(self._lines(finding_entry(self._contract, replace(finding.sealed(), environment=None))))
        if times == PLACES_TOLD and not self._verbose:
            lines.append("   = further ones of this cause are counted in the summary")
        self._stream.write("\n".join([*lines, "", ""]).encode("utf-8", "backslashreplace"))
        self._stream.flush()

    def _lines(self, finding: dict[str, Any]) -> Iterator[str]:
        name = finding["requirement"]
        title = f"{name} {self._kind(name)}"
        if self._colour:
            title = f"{_YELLOW if self._contract[name].level is Level.SHOULD else _RED}{title}{_PLAIN}"
        yield f"{title}: {printable(finding['message'])}"
        place = place_of(finding, whole_ids=self._verbose)
        if place:
            yield f"  --> {place}"
        if finding["evidence"]:
            text = printable(finding["evidence"].rstrip("\n"))
            yield f"   | {text if self._verbose else clipped(text, EVIDENCE_SHOWN)}"
        if finding["fix"]:
            yield f"   = fix: {printable(finding['fix'])}"
        yield f"   = more: logconform explain {name}"

    def _kind(self, name: str) -> str:
        waived = waivers_for(name, self._environment, self._config.waivers, date.today())
        requirement = self._contract[name]
        kind = "waived" if waived else "warning" if requirement.level is Level.SHOULD else "violation"
        return kind if requirement.profile in self._config.profiles else f"{kind}, not judged"


def _has_colours(stream: BinaryIO) -> bool:
    plain = "NO_COLOR" in os.environ or os.environ.get("TERM") == "dumb"
    return stream.isatty() and not plain
