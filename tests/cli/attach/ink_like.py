"""Paints as today's agent programs do: a log that scrolls, and below it a part painted anew.

Run as a program of its own. It asks the terminal what it can, and shows what it was told.
"""

from __future__ import annotations

import os
import re
import select
import signal
import termios
import tty

MODES = "\x1b[?2004h\x1b[?1004h\x1b[?2031h\x1b[>1u\x1b[>4;2m\x1b[?25l"
TAKEN_BACK = "\x1b[?25h\x1b[>4m\x1b[<u\x1b[?2031l\x1b[?1004l\x1b[?2004l"
QUERIES = "\x1b[>0q\x1b]11;?\x1b\\\x1b[?u\x1b[6n\x1b[?2026$p\x1b[c"
LAST_ANSWER = re.compile(rb"\x1b\[\?[0-9;]+c")
ANSWER_MS = 5000
KEY = re.compile(
    rb"\x1b\[200~.*?\x1b\[201~|\x1b\[<[0-9;]+[Mm]|\x1b\[[0-9;?]*[A-Za-z~]|\x1b.|.", re.DOTALL
)
NOTES = {
    b"\x1b[I": "focused",
    b"\x1b[O": "in another window",
    b"\x1b[A": "scrolled up",
    b"\x1b[B": "scrolled down",
}
COLOURS = ("38;2;215;119;87", "38;5;141", "1;36", "3;2", "4", "48;2;40;40;60", "9")


class Painter:
    """The part below the log: painted in one piece, over what it was before."""

    def __init__(self) -> None:
        self.height = 0
        self.typed = ""
        self.note = "?"
        self.is_full = False
        self.logged = 0

    def paint(self, log: str = "") -> None:
        columns, _ = os.get_terminal_size()
        inner = max(columns - 4, 1)
        shown = self.typed[-(inner - 8) :]
        lines = [
            "\x1b[38;2;136;136;136m╭" + "─" * (columns - 2) + "╮\x1b[39m",
            f"│ \x1b[1m\u276f\x1b[22m {shown}\x1b[7m \x1b[27m\x1b[{columns}G│",
            "╰" + "─" * (columns - 2) + "╯",
            f"  \x1b[2m{self.note}\x1b[22m\x1b[{max(columns - 9, 1)}G漢字 ●é",
        ]
        erased = "\x1b[2K" + "\x1b[1A\x1b[2K" * (self.height - 1) + "\x1b[G" if self.height else ""
        write("\x1b[?2026h" + erased + log + "\r\n".join(lines) + "\x1b[?2026l")
        self.height = len(lines)

    def log(self, words: str) -> None:
        self.logged += 1
        style = COLOURS[self.logged % len(COLOURS)]
        self.paint(f"\x1b[{style}m● {self.logged} {words}\x1b[0m\r\n\r\n")

    def take(self, key: bytes) -> bool:
        """Do what a key says; False = it is the one that ends."""
        done = {
            b"\x04": lambda: None,
            b"\x06": self.toggle_full,
            b"\x01": self.ask,
            b"\r": self.say,
            b"\x1b[13u": self.say,
        }.get(key, lambda: self.note_or_type(key))
        done()
        if not self.is_full and key not in {b"\x04", b"\x06"}:
            self.paint()
        return key != b"\x04"

    def note_or_type(self, key: bytes) -> None:
        if key in NOTES:
            self.note = NOTES[key]
        elif key.startswith(b"\x1b[<"):
            self.note = f"mouse {key[3:].decode()}"
        elif key.startswith(b"\x1b[200~"):
            self.typed += f"[pasted {len(key) - 12}]"
        elif key.isalnum() or key == b" " or key[0] >= 0x80:
            self.typed += key.decode("latin-1")
        else:
            self.note = f"key {key!r}"

    def say(self) -> None:
        words, self.typed = self.typed, ""
        for _ in range(3):
            self.log(f"said {words!r} " + "and went on " * 12)

    def toggle_full(self) -> None:
        self.is_full = not self.is_full
        if self.is_full:
            # Here the wheel is to come as arrow keys, or as reports of the mouse.
            write("\x1b[?1049h\x1b[?1007h\x1b[?1002h\x1b[?1006h\x1b[2J\x1b[3;20r\x1b[H")
            write(
                "transcript\x1b[5;5H" + "\n\x1b[5Gline" * 30 + "\x1b[r\x1b[2;10H\x1b[7mhere\x1b[m"
            )
        else:
            write("\x1b[?1006l\x1b[?1002l\x1b[?1007l\x1b[?1049l")

    def ask(self) -> None:
        write(QUERIES)
        told = b""
        while not LAST_ANSWER.search(told) and readable(ANSWER_MS):
            told += os.read(0, 4096)
        self.note = repr(told)[2:-1]


def write(text: str) -> None:
    data = text.encode()
    while data:
        data = data[os.write(1, data) :]


def readable(milliseconds: int | None) -> bool:
    waiter = select.poll()
    waiter.register(0, select.POLLIN)
    return bool(waiter.poll(milliseconds))


def main() -> None:
    before = termios.tcgetattr(0)
    tty.setraw(0)
    painter = Painter()
    signal.signal(signal.SIGWINCH, lambda *_: None if painter.is_full else painter.paint())
    write("\x1b]0;✳ ink-like\x07" + MODES)
    for word in ("one", "two"):
        painter.log(word)
    painter.note = "ready"
    painter.paint()
    try:
        while readable(None):
            data = os.read(0, 65536)
            while data.count(b"\x1b[200~") > data.count(b"\x1b[201~"):
                data += os.read(0, 65536)
            if not all(painter.take(key) for key in KEY.findall(data)):
                break
    finally:
        write(TAKEN_BACK + "\r\n")
        termios.tcsetattr(0, termios.TCSADRAIN, before)


if __name__ == "__main__":
    main()
