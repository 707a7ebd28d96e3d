"""
Where a sample comes from: files, folders, patterns, addresses and standard input become blocks of whole lines.

`find_sources` names the streams of a sample, `Source.open` gives one of them
as it is, unpacked, and `blocks` cuts them into the units of parallel work.
"""

from __future__ import annotations

from logconform.check.sources.blocks import Block, blocks
from logconform.check.sources.detect import detect
from logconform.check.sources.find import find_sources
from logconform.check.sources.source import STDIN, Found, Source
from logconform.check.sources.streams import Progress
from logconform.check.sources.unreadable import Unreadable
from logconform.check.sources.unwrap import Lines, Unwrapper

__all__ = [
    "STDIN",
    "Block",
    "Found",
    "Lines",
    "Progress",
    "Source",
    "Unreadable",
    "Unwrapper",
    "blocks",
    "detect",
    "find_sources",
]
