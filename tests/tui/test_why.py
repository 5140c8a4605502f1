"""Why a pod has its status, in words."""

from __future__ import annotations

from podtui.core.model.snapshot import PodView
from podtui.core.model.verdicts import Answer, Probe, Source, Status
from podtui.tui.commands.keymap import Keymap
from podtui.tui.panes.why.lines import next_keys, summary, why_lines
from podtui.tui.widgets.spans import Line
from tests.tui.fake_plane import NOW, evidence, pod
from tests.tui.scene import one_of_each

PODS = {each.name: each for each in one_of_each()}


def lines_of(view: PodView, width: int = 60) -> list[Line]:
    return why_lines(view, at=NOW, elapsed=0.0, width=width)


def text_of(view: PodView, width: int = 60) -> str:
    return "\n".join("".join(span.text for span in line) for line in lines_of(view, width))


def test_the_message_comes_first_and_a_guess_is_called_one() -> None:
    """The operator reads what, then whether to believe it."""
    first = text_of(PODS["reviewer"]).splitlines()[0]
    assert first == "running, no new output for 12m 31s  inferred"


def test_verdict_source_and_age_are_told() -> None:
    """Where the status comes from is said in words."""
    assert "alive · inferred from output · 12m 31s" in text_of(PODS["reviewer"])


def test_the_age_of_a_pod_that_repeats_itself_is_the_time_without_progress() -> None:
    """The pane says the same as the message, and not when the last frame came."""
    view = pod(
        "x",
        Status.STALLED,
        asserted=False,
        source=Source.OUTPUT,
        quiet_s=0,
        progress_quiet_s=751.0,
        message="running, only repeating itself for 12m 31s",
    )
    assert "alive · inferred from output · 12m 31s" in text_of(view)


def test_what_is_wrong_with_a_record_is_told_once() -> None:
    """The message of such a row is the mistake itself."""
    words = "pod.toml cannot be read: a torn string (at line 3)"
    for message in (words, "the observer is not well"):
        view = pod("x", Status.UNKNOWN, record_error=words, message=message)
        assert text_of(view, 200).count(words) == 1


def test_evidence_of_being_at_home_is_one_line() -> None:
    """This machine and this boot go without saying, so they share a line."""
    shown = text_of(PODS["reviewer"])
    assert "this machine, same boot" in shown
    assert "boot  " not in shown


def test_what_could_not_be_told_says_so_in_its_own_colour() -> None:
    """That something could not be told is an answer, never shown as a no."""
    view = pod("x", Status.UNKNOWN, evidence=evidence((Probe.LOCK, Answer.UNKNOWN, "EACCES")))
    line = next(line for line in lines_of(view) if line[0].text.startswith("lock"))
    assert line[1].text == "could not tell: EACCES"
    assert line[1].role == "unknown"


def test_the_two_facts_behind_a_lost_pod_are_marked() -> None:
    """Lock free and supervisor gone carry the colour of the status they prove."""
    roles = {line[0].text.strip(): line[1].role for line in lines_of(PODS["reviewer-2"])[2:]}
    assert roles["lock"] == roles["supervisor"] == "lost"


def test_only_a_live_pod_offers_attach_send_and_stop() -> None:
    """Keys that would be refused are not offered."""
    assert "attach" in "".join(span.text for span in next_keys(PODS["planner"], Keymap()))
    assert "attach" not in "".join(span.text for span in next_keys(PODS["reviewer-2"], Keymap()))


def test_the_summary_does_not_say_a_word_twice() -> None:
    """One line has no room for "lost lost: …"."""
    shown = "".join(span.text for span in summary(PODS["reviewer-2"]))
    assert shown.startswith("⊘ lost: its supervisor")


def test_long_details_wrap_under_their_label() -> None:
    """A narrow pane breaks details, and every line fits."""
    view = pod("x", evidence=evidence((Probe.LOCK, Answer.UNKNOWN, "a very long detail " * 8)))
    lines = text_of(view, 40).splitlines()
    assert all(len(line) <= 40 for line in lines)
    assert len(lines) > 4
