"""The only owner of standard error: errors, remarks and questions."""

from __future__ import annotations

import os

from podtui.core.errors import PodtuiError
from podtui.core.text.safe import safe_line

STDERR = 2
INTERRUPTED = 130
OUTPUT_CLOSED = 141
PROBLEMS_FOUND = 1


class Messages:
    """Standard error, for a person or for a program."""

    def __init__(self, descriptor: int = STDERR) -> None:
        self._descriptor = descriptor

    def note(self, text: str) -> None:
        """Write one line of remark; it is never part of the result."""
        self._write(f"{safe_line(text)}\n")

    def error(self, error: PodtuiError, *, as_json: bool) -> None:
        """Write one error: two lines for a person, one object for a program."""
        if as_json:
            # Loaded here only: most commands succeed.
            from podtui.cli.as_json import encoded  # noqa: PLC0415

            self._write(f"{encoded(error.as_json())}\n")
            return
        lines = f"podtui: {safe_line(error.sentence())}\n"
        if error.next_step:
            lines += f"  next: {safe_line(error.next_step)}\n"
        self._write(lines)

    def ask(self, question: str) -> bool:
        """Ask on the terminal; anything but a clear yes is no.

        Raises:
            KeyboardInterrupt: Ctrl-C.
        """
        self._write(f"{safe_line(question)} [y/N] ")
        answer = bytearray()
        # Read to the end of the line and no further: what was typed after it is not ours.
        while (letter := os.read(0, 1)) not in {b"", b"\n"}:
            answer += letter
        if not letter:
            self._write("\n")
        return bytes(answer.strip().lower()) in {b"y", b"yes"}

    def _write(self, text: str) -> None:
        left = memoryview(text.encode("utf-8", "replace"))
        try:
            while left:
                left = left[os.write(self._descriptor, left) :]
        except OSError:
            # There is no other place to complain to; the exit code still tells.
            return


def internal(error: BaseException) -> PodtuiError:
    """Return what is shown for an error nobody foresaw: one sentence, and how to learn more."""
    place = ""
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        place = f"{os.path.basename(code.co_filename)}:{trace.tb_lineno} in {code.co_name}"
        trace = trace.tb_next
    return PodtuiError(
        f"internal error, a mistake in podtui: {type(error).__name__}: {error} ({place})",
        next_step="run it again with PODTUI_TRACEBACK=1 and report what it prints",
    )
