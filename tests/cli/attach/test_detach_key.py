"""The detach key: what may be one, and how it is found in what a terminal sends."""

from __future__ import annotations

import pytest

from podtui.core.errors import BadInput
from podtui.core.settings.detach_key import KeyWatch, detach_key


@pytest.mark.parametrize(
    ("written", "name", "sent"),
    [
        ("ctrl-]", "Ctrl-]", b"\x1d"),
        ("Ctrl+B", "Ctrl-B", b"\x02"),
        ("^_", "Ctrl-_", b"\x1f"),
        ("c-\\", "Ctrl-\\", b"\x1c"),
        ("f12", "F12", b"\x1b[24~"),
        ("F1", "F1", b"\x1bOP"),
        ("f4", "F4", b"\x1b[14~"),
        ("ctrl-]", "Ctrl-]", b"\x1b[93;5u"),
        ("ctrl-]", "Ctrl-]", b"\x1b[93;133:1u"),
        ("ctrl-b", "Ctrl-B", b"\x1b[27;5;98~"),
    ],
)
def test_a_key_is_known_in_every_form_a_terminal_may_send(
    written: str, name: str, sent: bytes
) -> None:
    """One byte, a function key's sequence, or the kitty and xterm ways of telling keys."""
    key = detach_key(written)
    assert key.name == name
    assert KeyWatch(key).feed(b"ab" + sent + b"cd") == (b"ab", True)


@pytest.mark.parametrize("written", ["ctrl-i", "ctrl-m", "ctrl-[", "f13", "x", "", "ctrl-", "F0"])
def test_a_key_that_is_needed_or_unknown_is_refused_with_the_choice(written: str) -> None:
    """Tab, Enter, Escape and words that are no key cannot be the detach key."""
    with pytest.raises(BadInput) as caught:
        detach_key(written)
    assert "ctrl-]" in str(caught.value.next_step)


def test_what_is_pasted_is_content_and_never_the_key() -> None:
    """A pasted file with the key's byte in it goes to the pod whole, wherever the reads cut it."""
    pasted = b"\x1b[200~before\x1dafter\x1b[201~tail"
    for cut in range(1, len(pasted)):
        watch = KeyWatch(detach_key("ctrl-]"))
        first, second = watch.feed(pasted[:cut]), watch.feed(pasted[cut:])
        assert not first.detach
        assert not second.detach
        assert first.passed + second.passed + watch.flush() == pasted
        assert watch.feed(b"\x1d").detach


def test_a_key_pressed_alone_works_although_a_paste_never_ended() -> None:
    """A lost end mark of a paste cannot lock the operator in."""
    watch = KeyWatch(detach_key("ctrl-]"))
    watch.feed(b"\x1b[200~half a paste")
    assert watch.feed(b"\x1d") == (b"", True)


def test_a_sequence_cut_by_a_read_is_found_and_one_that_never_ends_is_passed_on() -> None:
    """A key whose sequence comes in two reads counts; a lone Escape is not kept waiting."""
    watch = KeyWatch(detach_key("f12"))
    assert watch.feed(b"x\x1b[2") == (b"x", False)
    assert watch.holds
    assert watch.feed(b"4~y") == (b"", True)
    other = KeyWatch(detach_key("f12"))
    assert other.feed(b"\x1b[") == (b"", False)
    assert other.flush() == b"\x1b["
    assert not other.holds
    assert other.feed(b"\x1b") == (b"\x1b", False)


def test_two_keys_may_do_the_same() -> None:
    """A session that only watches can be left with Ctrl-C as well."""
    key = detach_key("ctrl-]").or_also(detach_key("ctrl-c"))
    assert key.name == "Ctrl-]"
    assert KeyWatch(key).feed(b"\x03").detach
    assert KeyWatch(key).feed(b"\x1d").detach
