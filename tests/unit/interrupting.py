"""Standard input on which somebody presses Ctrl-C."""

from __future__ import annotations

import io
import signal


class Interrupting(io.BytesIO):
    """A stream on which, once it is drained, Ctrl-C is pressed while somebody waits for more."""

    def read1(self, size: int | None = -1, /) -> bytes:
        data = super().read1(size)
        if not data:
            signal.raise_signal(signal.SIGINT)
        return data
