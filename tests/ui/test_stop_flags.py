"""One visitor's Stop stops only that visitor's music."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from musictx.ui.access.stop_flags import AT_ONCE, FORGOTTEN_S, MOST_WAITING, StopFlags, part_of

ROOT = Path(__file__).resolve().parents[2]


def test_stop_is_for_one_session() -> None:
    stop_flags = StopFlags()
    mine, yours = stop_flags.begin("me"), stop_flags.begin("you")
    stop_flags.stop("me")
    assert mine.is_set() and not yours.is_set()
    stop_flags.stop("nobody")


def test_stop_while_waiting_reaches_the_run_when_its_turn_comes() -> None:
    stop_flags = StopFlags()
    stop_flags.begin("me")
    stop_flags.stop("me")
    assert stop_flags.current("me").is_set()


def test_a_second_press_ends_the_first_run() -> None:
    stop_flags = StopFlags()
    first = stop_flags.begin("me")
    second = stop_flags.begin("me")
    assert first.is_set() and not second.is_set()
    stop_flags.end("me", first)  # late, and about a run that was replaced
    assert stop_flags.current("me") is second


def test_place_in_the_queue() -> None:
    stop_flags = StopFlags(at_once=1)
    flag = stop_flags.begin("first")
    stop_flags.begin("second")
    stop_flags.begin("third")
    assert [stop_flags.ahead(name) for name in ("first", "second", "third", "other")] == [0, 1, 2, 0]
    stop_flags.end("first", flag)
    stop_flags.leave("second")
    assert stop_flags.ahead("third") == 0


def test_several_go_on_at_once() -> None:
    stop_flags = StopFlags(at_once=2)
    flags = [stop_flags.begin(name) for name in "abcd"]
    assert [stop_flags.ahead(name) for name in "abcd"] == [0, 0, 1, 2]
    stop_flags.end("b", flags[1])
    assert [stop_flags.ahead(name) for name in "acd"] == [0, 0, 1]


BUILD = """
import sys
from pathlib import Path
from musictx.ui.page import build_page
from musictx.ui.warm_up import WarmUp
from tests.ui.fake_studio import FakeStudio
from tests.ui.fake_workshop import FakeWorkshop
studio = FakeStudio(Path(sys.argv[1]))
page = build_page(studio, WarmUp(studio, "enhanced"), FakeWorkshop(Path(sys.argv[1])))
print({each.concurrency_limit for each in page.fns.values() if each.concurrency_id == "generation"})
"""


def test_as_many_compose_at_once_as_is_promised(tmp_path: Path) -> None:
    """All that composes shares one queue, and the lowest limit that any of its events names holds for all of them."""
    command = [sys.executable, "-c", BUILD, str(tmp_path)]  # a page leaves event loops behind
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"{{{AT_ONCE}}}"


def test_a_press_that_nothing_follows_is_forgotten() -> None:
    now = [0.0]
    stop_flags = StopFlags(at_once=1, clock=lambda: now[0])
    stop_flags.begin("music")
    stop_flags.current("music")
    for number in range(500):
        stop_flags.begin(f"nobody {number}")
    stop_flags.begin("me")
    assert stop_flags.ahead("me") <= MOST_WAITING
    now[0] = FORGOTTEN_S + 1
    stop_flags.begin("me")
    assert stop_flags.ahead("me") == 1, "only the music that is made"


def test_who_waits_and_asks_is_not_forgotten() -> None:
    now = [0.0]
    stop_flags = StopFlags(at_once=1, clock=lambda: now[0])
    stop_flags.begin("music")
    stop_flags.current("music")
    stop_flags.begin("first")
    for _ in range(100):
        now[0] += 1
        assert stop_flags.ahead("first") == 1
        stop_flags.begin(f"nobody {now[0]}")
    assert stop_flags.current("first") is stop_flags.current("first")
    stop_flags.begin("second")
    assert stop_flags.ahead("second") >= 2


def test_all_runs_of_a_session_end_with_it() -> None:
    stop_flags = StopFlags()
    flags = [stop_flags.current(part_of("me", number)) for number in range(2)]
    other = stop_flags.current("me2")
    stop_flags.leave("me")
    assert all(flag.is_set() for flag in flags) and not other.is_set()


def test_a_run_that_was_forgotten_while_it_waited_can_be_stopped_once_it_goes_on() -> None:
    now = [0.0]
    stop_flags = StopFlags(clock=lambda: now[0])
    flag = stop_flags.begin("me")
    now[0] = FORGOTTEN_S + 1
    stop_flags.begin("you")
    stop_flags.go_on("me", flag)
    now[0] *= 10
    stop_flags.begin("you")
    stop_flags.stop("me")
    assert flag.is_set()
