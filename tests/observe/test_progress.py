"""Progress is output that is new: what a row says of pods that print and get nowhere."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from podtui.core.model.snapshot import PodView
from podtui.core.model.verdicts import Answer, Probe, Source, Status
from podtui.core.observe import slow_probes
from podtui.core.observe.progress import new_output
from tests.observe.conftest import Scene, row
from tests.support.record_builders import print_at, this_process

HOUR = 3600.0


def spin(scene: Scene, name: str, seconds: int, *, text: str = "\r{}s elapsed") -> None:
    """Let a pod have printed one frame in every one of the latest seconds."""
    now = scene.clock.monotonic()
    for ago in range(seconds, 0, -1):
        frame = text.format(seconds - ago).encode()
        print_at(scene.yard.plane, name, frame, awake_s=now - ago)


def say(scene: Scene, name: str, text: str, *, ago: float = 0.0) -> None:
    """Let a pod have printed something so many seconds ago."""
    print_at(scene.yard.plane, name, text.encode(), awake_s=scene.clock.monotonic() - ago)


def evidence(view: PodView, probe: Probe) -> tuple[Answer, str] | None:
    return next(((each.answer, each.detail) for each in view.evidence if each.probe is probe), None)


def test_a_pod_that_only_spins_is_stalled_at_its_threshold(scene: Scene) -> None:
    """Ten minutes of an elapsed-time counter are no progress, and the row says what it sees."""
    scene.clock.advance(2 * HOUR)
    scene.alive("coder", waited_s=HOUR)
    say(scene, "coder", "reading the sources\r\n", ago=751)
    spin(scene, "coder", 740)

    view = scene.view("coder")

    assert (view.status, view.asserted, view.source) == (Status.STALLED, False, Source.OUTPUT)
    assert view.message == "running, only repeating itself for 12m 18s"
    assert view.quiet_for_s == 1
    assert view.progress_quiet_s == 738
    found = evidence(view, Probe.PROGRESS)
    assert found is not None
    assert found[0] is Answer.NO
    assert "a spinner, a counter or repeated lines" in found[1]
    assert (scene.clock.now() - view.since).total_seconds() == pytest.approx(138)


def test_a_pod_that_prints_something_new_now_and_then_works(scene: Scene) -> None:
    """Among frames of a spinner a new line every few minutes is progress enough."""
    scene.clock.advance(2 * HOUR)
    scene.alive("coder", waited_s=HOUR)
    spin(scene, "coder", 900)
    say(scene, "coder", "\r\nwrote parser.py\r\n", ago=0.5)

    view = scene.view("coder")

    assert (view.status, view.message) == (Status.WORKING, "running")
    assert view.progress_quiet_s == 0.5


def test_a_pod_that_ticks_for_a_minute_is_said_to_repeat_itself_and_works(scene: Scene) -> None:
    """Below the threshold repeating oneself is told and no stall: thinking programs spin."""
    scene.clock.advance(2 * HOUR)
    scene.alive("coder", waited_s=HOUR)
    say(scene, "coder", "reading the sources\r\n", ago=200)
    spin(scene, "coder", 190)

    view = scene.view("coder")

    assert (view.status, view.asserted) == (Status.WORKING, True)
    assert view.message == "running, only repeating itself for 3m 08s"


def test_a_young_run_is_not_judged(scene: Scene) -> None:
    """What cannot be stalled soon costs no reading, and says so by telling nothing."""
    scene.alive("coder", waited_s=200)
    spin(scene, "coder", 190)

    view = scene.view("coder")

    assert (view.message, view.progress_quiet_s) == ("running", None)
    assert evidence(view, Probe.PROGRESS) is None


def test_an_observer_that_was_there_and_one_that_comes_late_agree(scene: Scene) -> None:
    """Judged as it came, or from its end: within what is read, the same moment is found."""
    scene.clock.advance(2 * HOUR)
    scene.alive("coder", waited_s=HOUR)
    early = scene.observer()
    say(scene, "coder", "reading the sources\r\n")
    for _ in range(700):
        scene.clock.advance(1)
        say(scene, "coder", "\r⠙ Thinking… (12s)")
        early.look_at_output(["coder"])

    seen = row(early.look(), "coder")
    late = scene.view("coder")

    assert seen.message == late.message == "running, only repeating itself for 11m 37s"
    assert seen.progress_quiet_s == late.progress_quiet_s
    assert seen.status is late.status is Status.STALLED


def test_news_end_a_stall_at_once(scene: Scene) -> None:
    """The first new line after a stall is seen by the next look, not some seconds later."""
    scene.clock.advance(2 * HOUR)
    scene.alive("coder", waited_s=HOUR)
    spin(scene, "coder", 700)
    observer = scene.observer()
    assert row(observer.look(), "coder").status is Status.STALLED
    say(scene, "coder", "\r\nwrote parser.py\r\n")

    view = row(observer.look_at_output(["coder"]), "coder")

    assert (view.status, view.progress_quiet_s) == (Status.WORKING, 0)


def test_silence_after_chatter_goes_on_counting(scene: Scene) -> None:
    """A spinner that stops has not begun anything: the stall goes on, and turns into silence."""
    scene.clock.advance(2 * HOUR)
    scene.alive("coder", waited_s=HOUR)
    spin(scene, "coder", 700)
    observer = scene.observer()
    observer.look()
    seen = []
    for _ in range(12):
        scene.clock.advance(60)
        seen.append(row(observer.look(), "coder"))

    assert {view.status for view in seen} == {Status.STALLED}
    assert seen[0].message == "running, only repeating itself for 12m 38s"
    assert seen[-1].message == "running, no new output for 12m 01s"


def test_a_question_without_a_line_end_is_progress_once_the_pod_pauses(scene: Scene) -> None:
    """A prompt stands at the end of the output for as long as nobody answers: it is new, once."""
    scene.clock.advance(2 * HOUR)
    scene.alive("coder", waited_s=HOUR)
    spin(scene, "coder", 700)
    say(scene, "coder", "\r\nOverwrite the file? ", ago=0.2)
    observer = scene.observer()
    assert row(observer.look(), "coder").status is Status.STALLED
    scene.clock.advance(2)

    view = row(observer.look(), "coder")

    assert (view.status, view.progress_quiet_s) == (Status.WORKING, 2.2)


@pytest.mark.parametrize(
    ("pass_time", "message"),
    [
        (lambda scene: scene.clock.sleep_host(9 * HOUR), "5m 18s"),
        (lambda scene: scene.clock.jump_wall(-2 * 86_400), "5m 18s"),
        (lambda scene: scene.clock.jump_wall(10 * 365 * 86_400), "5m 18s"),
        (lambda scene: scene.clock.advance(60), "6m 18s"),
    ],
    ids=["a night with the lid closed", "two days back", "ten years on", "a minute"],
)
def test_progress_is_counted_by_the_time_the_host_was_awake(
    scene: Scene, pass_time: Callable[[Scene], None], message: str
) -> None:
    """Sleep and a clock that is set neither make nor end a standstill."""
    scene.clock.advance(2 * HOUR)
    scene.alive("coder", waited_s=HOUR)
    spin(scene, "coder", 320)
    observer = scene.observer()
    observer.look()
    pass_time(scene)

    after = row(observer.look(), "coder")

    assert (after.status, after.message) == (
        Status.WORKING,
        f"running, only repeating itself for {message}",
    )


def test_a_pod_that_prints_nothing_is_not_read(scene: Scene) -> None:
    """However often it is looked at, a silent pod's output is opened once."""
    scene.clock.advance(2 * HOUR)
    scene.alive("coder", waited_s=HOUR)
    say(scene, "coder", "reading\r\n", ago=100)
    observer = scene.observer()
    observer.look()
    opened: list[str] = []
    scene.fs.open_plain = recording(scene.fs.open_plain, opened)  # type: ignore[method-assign]

    for _ in range(5):
        scene.clock.advance(20)
        observer.look()

    assert not [path for path in opened if path.endswith("/output")]


def recording(open_plain: Callable[..., int], opened: list[str]) -> Callable[..., int]:
    """Return a way to open files that notes which."""

    def noted(path: object) -> int:
        opened.append(str(path))
        return open_plain(path)

    return noted


def test_of_a_pod_that_prints_fast_only_the_newest_part_is_read(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Megabytes between two looks cost a bounded part of them, and progress is still seen."""
    scene.clock.advance(2 * HOUR)
    scene.alive("coder", waited_s=HOUR)
    say(scene, "coder", "begin\n", ago=300)
    observer = scene.observer()
    observer.look()
    read: list[int] = []
    read_at = scene.fs.read_at

    def noted(descriptor: int, length: int, offset: int) -> bytes:
        read.append(length)
        return read_at(descriptor, length, offset)

    monkeypatch.setattr(scene.fs, "read_at", noted)
    say(scene, "coder", "".join(f"line {chr(97 + n % 26) * (n % 50)}\n" for n in range(200_000)))

    view = row(observer.look(), "coder")

    assert view.progress_quiet_s == 0
    assert max(read) <= new_output.NEXT_BYTES


def test_a_busy_pod_that_gets_on_is_judged_every_few_seconds_only(scene: Scene) -> None:
    """Looks at output come four times a second; progress is asked about at leisure."""
    scene.clock.advance(2 * HOUR)
    scene.alive("coder", waited_s=HOUR)
    say(scene, "coder", "begin\n", ago=1)
    observer = scene.observer()
    observer.look()
    opened: list[str] = []
    scene.fs.open_plain = recording(scene.fs.open_plain, opened)  # type: ignore[method-assign]
    for number in range(40):
        scene.clock.advance(0.25)
        say(scene, "coder", f"compiled {'abcdefghij'[number % 10] * number}\n")
        observer.look_at_output(["coder"])

    judged = [path for path in opened if path.endswith("/output")]
    assert 1 <= len(judged) <= 10 / slow_probes.JUDGED_AGAIN_S


def test_what_one_look_may_judge_is_bounded_and_the_rest_follows(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With more to judge than one look may cost, later looks judge the others."""
    monkeypatch.setattr(slow_probes, "JUDGED_BYTES_PER_SCAN", 1)
    scene.clock.advance(2 * HOUR)
    for name in ("one", "two", "three"):
        scene.alive(name, waited_s=HOUR)
        spin(scene, name, 30)
    observer = scene.observer()

    told = []
    for _ in range(3):
        picture = observer.look()
        told.append(sum(view.progress_quiet_s is not None for view in picture.pods))

    assert told == [1, 2, 3]


def test_output_that_cannot_be_read_makes_no_stall_of_a_pod_that_prints(scene: Scene) -> None:
    """Whether it was new could not be told: that is said, and nothing is made of it."""
    scene.clock.advance(2 * HOUR)
    scene.alive("coder", waited_s=HOUR)
    spin(scene, "coder", 700)
    scene.fs.fail(13, "/output", "open")

    view = scene.view("coder")

    assert (view.status, view.progress_quiet_s) == (Status.WORKING, None)
    found = evidence(view, Probe.OUTPUT)
    assert found is not None
    assert (found[0], "EACCES" in found[1]) == (Answer.UNKNOWN, True)


def test_a_late_observer_of_a_long_loop_claims_no_more_than_it_has_read(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of an endless loop whose beginning is out of reach, the time that was read is told."""
    monkeypatch.setattr(new_output, "FIRST_BYTES", 1000)
    monkeypatch.setattr(new_output, "MOST_FIRST_BYTES", 4000)
    scene.clock.advance(2 * HOUR)
    scene.alive("coder", waited_s=HOUR)
    spin(scene, "coder", 1500, text="\rworking hard {:4d}")

    view = scene.view("coder")

    assert view.status is Status.WORKING
    assert view.progress_quiet_s is not None
    assert 100 < view.progress_quiet_s < 4000 / 18


def test_an_output_that_became_shorter_is_judged_anew(scene: Scene) -> None:
    """Whoever empties an output takes the places in it away, and nothing else."""
    scene.clock.advance(2 * HOUR)
    scene.alive("coder", waited_s=HOUR)
    spin(scene, "coder", 700)
    observer = scene.observer()
    observer.look()
    files = scene.yard.plane.store.paths.pod("coder").run(1)
    files.output.write_bytes(b"")
    files.index.write_bytes(b"")
    say(scene, "coder", "begin again\n")

    view = row(observer.look(), "coder")

    assert (view.status, view.progress_quiet_s) == (Status.WORKING, 0)


def test_progress_of_one_run_says_nothing_of_another_pod(scene: Scene) -> None:
    """Two pods that print the same lines are judged each by its own past."""
    scene.clock.advance(2 * HOUR)
    for name in ("one", "two"):
        scene.alive(name, waited_s=HOUR, child=this_process())
    spin(scene, "one", 700)
    observer = scene.observer()
    observer.look()
    spin(scene, "two", 3)

    picture = observer.look()

    assert row(picture, "one").status is Status.STALLED
    assert row(picture, "two").status is Status.WORKING
