"""Writes to standard error, and is the only module that does: errors, notes and questions."""

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
        """Write a note of one line; a note is never part of the result."""
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
        """Ask on the terminal and return whether the answer is "y" or "yes".

        Raises:
            KeyboardInterrupt: Ctrl-C was pressed.
        """
        self._write(f"{safe_line(question)} [y/N] ")
        answer = bytearray()
        # Read up to the end of the line only: what follows is the input of the next program.
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
            # There is no other stream to report to; the exit code still reports the error.
            return


def internal(error: BaseException) -> PodtuiError:
    """Return the error that is shown for an unexpected exception, with where it was raised."""
    raised_at = ""
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        raised_at = f"{os.path.basename(code.co_filename)}:{trace.tb_lineno} in {code.co_name}"
        trace = trace.tb_next
    return PodtuiError(
        f"internal error, a bug in podtui: {type(error).__name__}: {error} ({raised_at})",
        next_step="run it again with PODTUI_TRACEBACK=1 and report what it prints",
    )
