"""What a visitor waits for: `python -m benchmarks.page [--rounds 5] [--seconds 60]`.

Starts the page as `make run` does and drives it in a real browser. Reported, from the start of the process: until the
page answers, and until it can generate; what a first visitor waits for on a slow line (400 kbit/s, 400 ms for each
request) until the roll is there, and how much travels for it; then for each round, from the click on Generate: until
the first note is on the roll; from the last note: until the piece can be heard, and until every download is there; and
the most memory that the serving process ever had. Then milliseconds from a press to the first sound of the browser's
piano: of a key, of a seed, of a take (from its first note on the roll), of a duet's answer (from the rest's end); and
frames a second of a roll of 5,000 notes that plays. The browser runs on the same machine, so it takes its share. Needs
what the browser tests need: Playwright and Chromium.
"""

from __future__ import annotations

import argparse
import math
import os
import shutil
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

from benchmarks.measure import RESULTS, machine, peak_mb, print_facts, print_table, write_json

ROOT = Path(__file__).resolve().parents[1]
FLAGS = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"]
PATIENCE_S = 600.0
DOWNLOADS = 4  # MIDI, WAV, FLAC, MP3

# As the browsers' own tools have it: bytes a second, and milliseconds before each answer.
SLOW_LINE = {"latency": 400, "downloadThroughput": 50_000, "uploadThroughput": 50_000}
# The roll stands on the page and has a picture.
SIGHT = """() => {
  const roll = document.querySelector('#stage .roll');
  return roll?.offsetParent && roll.roll?.layers.flat().length > 0 && getComputedStyle(roll).display !== 'none';
}"""

# Notes, on every frame that the browser draws, the first time that each thing is to be seen.
WATCH = """() => {
  const stage = document.querySelector('#stage'), first = {};
  const seen = {
    note: () => stage.querySelector('[data-phase=working] .roll-wait[hidden], [data-phase=done]'),
    last: () => stage.querySelector('[data-phase=done]'),
    sound: () => stage.querySelector('[data-phase=done]') && stage.querySelector('.play:not([disabled])') &&
      stage.querySelector('audio').readyState > 1,
    files: () => stage.querySelectorAll('.files a[href]').length >= FILES,
  };
  const began = performance.now();
  document.querySelector('#generate').click();
  return new Promise((done) => {
    let working = false;
    const look = () => {
      working ||= Boolean(stage.querySelector('[data-phase=working]'));
      for (const [name, test] of Object.entries(seen))
        if (working && !(name in first) && test()) first[name] = (performance.now() - began) / 1000;
      if (stage.querySelector('[data-phase=failed]')) return done({problem: stage.innerText});
      if ('files' in first) return done({...first, facts: stage.querySelector('.take-facts').textContent});
      requestAnimationFrame(look);
    };
    look();
  });
}""".replace("FILES", str(DOWNLOADS))


# The loudest sample of the last 12 ms of the browser's piano, and the milliseconds that `act` takes to be heard.
METER = """() => {
  const { sampler } = window.musictx;
  sampler.wake();
  const meter = new AnalyserNode(sampler.context, { fftSize: 512 });
  sampler.output.connect(meter);
  const samples = new Float32Array(512);
  const sounds = () => {
    meter.getFloatTimeDomainData(samples);
    return samples.some((each) => Math.abs(each) > 0.001);
  };
  const until = (test) => new Promise((done) => {
    const look = () => (test() ? done(performance.now()) : setTimeout(look, 1));
    look();
  });
  window.heard = async (act, from = () => true) => {
    await until(() => !sounds());
    act();
    const began = await until(from);
    return (await until(sounds)) - began;
  };
}"""
KEY = """() => {
  const tell = (kind) => document.body.dispatchEvent(new KeyboardEvent(kind, { code: "KeyG", bubbles: true }));
  return window.heard(() => tell("keydown")).finally(() => tell("keyup"));
}"""
PLAY = "() => window.heard(() => document.querySelector('#stage .play').click())"
TAKE = """() => window.heard(
  () => document.querySelector("#generate").click(),
  () => document.querySelector("#stage [data-phase=working] .roll-wait[hidden]"),
)"""
# From the end of a rest of a second after a phrase of six keys to the answer.
DUET = """async () => {
  const tell = (kind, code) => document.body.dispatchEvent(new KeyboardEvent(kind, { code, bubbles: true }));
  for (const code of ["KeyA", "KeyD", "KeyG", "KeyK", "KeyG", "KeyD"]) {
    tell("keydown", code);
    await new Promise((done) => setTimeout(done, 150));
    tell("keyup", code);
  }
  const ended = performance.now();
  return window.heard(() => {}).then((ms) => performance.now() - ended - 1000);
}"""
# Frames a second over three seconds of playing, and the longest gap between two in milliseconds.
FRAMES = """async () => {
  const { roll, player } = document.querySelector("#stage .roll");
  const row = (_, index) => [36 + ((index * 7) % 50), 64, index * 0.012, index * 0.012 + 0.2];
  const rows = Array.from({ length: 5000 }, row);
  roll.show([rows, []], null, 61);
  player.live.give(rows);
  player.playNotes(5);
  const times = [];
  await new Promise((done) => {
    const look = (now) => {
      times.push(now);
      if (now - times[0] < 3000) requestAnimationFrame(look);
      else done();
    };
    requestAnimationFrame(look);
  });
  player.pause();
  const gaps = times.slice(1).map((time, index) => time - times[index]);
  return [(gaps.length * 1000) / (times.at(-1) - times[0]), Math.max(...gaps)];
}"""


def main() -> int:
    """Measures, prints and writes; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="pieces after the first one")
    parser.add_argument("--seconds", type=int, default=60, help="of new music")
    parser.add_argument("--seed", type=Path, help="a MIDI file (default: the seed that the page starts with)")
    parser.add_argument("--out", type=Path, default=RESULTS / "page.json", help="where the figures go as JSON")
    options = parser.parse_args()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    found = measure(port, options)
    facts = machine(("gradio", "onnxruntime"))
    print_facts(facts)
    print_facts(found["start"])
    print_facts(found["first sight"])
    print_facts(found["sound"])
    print_table(found["rounds"])
    print_facts(found["median"])
    write_json({"machine": facts, **found}, options.out)
    return 0


def measure(port: int, options: argparse.Namespace) -> dict[str, Any]:
    """Serves, visits, stops."""
    from playwright.sync_api import sync_playwright

    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=FLAGS)
        began = time.perf_counter()
        command = [sys.executable, "app.py", "--port", str(port)]
        server = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, env=os.environ)
        try:
            answers_s = _answers(f"http://127.0.0.1:{port}/", server) - began
            page = browser.new_page(viewport={"width": 1280, "height": 860})
            page.set_default_timeout(PATIENCE_S * 1000)
            page.goto(f"http://127.0.0.1:{port}/")
            page.wait_for_selector("#stage .play:not([disabled])")
            page.wait_for_function("document.querySelector('#hint').innerText.trim() === ''")
            ready_s = time.perf_counter() - began
            rounds = _rounds(page, options)
            sound = heard(browser, f"http://127.0.0.1:{port}/", options.rounds)
            sight = first_sight(browser, f"http://127.0.0.1:{port}/")
            start = {"page answers s": answers_s, "can generate s": ready_s, "peak MB": peak_mb(server.pid) or math.nan}
        finally:
            server.terminate()
            server.wait(30)
            browser.close()
    start = {name: round(value, 2) for name, value in start.items()}
    warm = rounds[1:]
    median = {name: round(statistics.median(row[name] for row in warm), 2) for name in ("first note s", "heard s")}
    median["downloads s"] = round(statistics.median(row["downloads s"] for row in warm), 2)
    return {"start": start, "first sight": sight, "sound": sound, "rounds": rounds, "median": median}


def first_sight(browser: Any, url: str) -> dict[str, float]:
    """On a slow line: seconds until the roll is drawn, kB that travelled until then and until all is quiet."""
    page = browser.new_context(viewport={"width": 1280, "height": 860}).new_page()
    page.set_default_timeout(PATIENCE_S * 1000)
    wire = page.context.new_cdp_session(page)
    wire.send("Network.enable")
    wire.send("Network.emulateNetworkConditions", {"offline": False, **SLOW_LINE})
    travelled = []
    wire.on("Network.loadingFinished", lambda event: travelled.append(event["encodedDataLength"]))
    began = time.perf_counter()
    page.goto(url, wait_until="commit")
    page.wait_for_function(SIGHT)
    seconds, then = time.perf_counter() - began, sum(travelled)
    page.wait_for_timeout(8000)
    page.context.close()
    return {"visible s": round(seconds, 1), "kB until then": round(then / 1000), "kB": round(sum(travelled) / 1000)}


def heard(browser: Any, url: str, rounds: int) -> dict[str, float]:
    """Milliseconds from a press to its sound, the median of `rounds`; frames a second of a long roll."""
    page = browser.new_context(viewport={"width": 1280, "height": 860}).new_page()
    page.set_default_timeout(PATIENCE_S * 1000)
    page.goto(url)
    page.wait_for_function("window.musictx?.sampler.state === 'ready'")
    page.evaluate(METER)
    found: dict[str, list[float]] = {"key ms": [], "seed ms": [], "take ms": []}
    for _ in range(rounds):
        found["seed ms"].append(page.evaluate(PLAY))
        page.click("#stage .stop")  # the next one from the beginning again, not from before a rest
    page.click("#play-seed")
    for _ in range(rounds):
        found["key ms"].append(page.evaluate(KEY))
    page.click(".record-duet")
    found["duet ms"] = [page.evaluate(DUET) for _ in range(rounds)]
    page.click(".record-close")
    for _ in range(rounds):
        found["take ms"].append(page.evaluate(TAKE))
        page.wait_for_selector("#stage [data-phase=done]")
        page.click("#stage .play")
    frames, gap_ms = page.evaluate(FRAMES)
    page.context.close()
    medians = {name: round(statistics.median(values), 1) for name, values in found.items()}
    return {**medians, "frames a second": round(frames, 1), "longest gap ms": round(gap_ms, 1)}


def _rounds(page: Any, options: argparse.Namespace) -> list[dict[str, Any]]:
    if options.seed:
        page.set_input_files("#upload-seed input[type=file], input#upload-seed", options.seed)
        page.wait_for_function(
            "name => document.querySelector('.stage-title').innerText === name", arg=options.seed.stem
        )
    field = page.locator("#seconds input[type=number]")
    field.fill(str(options.seconds))
    field.press("Tab")
    page.wait_for_timeout(1000)
    rows = []
    for number in range(options.rounds + 1):
        marks = page.evaluate(WATCH)
        if "problem" in marks:
            sys.exit(f"The page failed: {marks['problem']}")
        row = {"round": number, "first note s": marks["note"], "last note s": marks["last"]}
        row |= {"heard s": marks["sound"] - marks["last"], "downloads s": marks["files"] - marks["last"]}
        rows.append(row | {"facts": marks["facts"]})
        page.wait_for_timeout(1000)
    return rows


def _answers(address: str, server: subprocess.Popen[bytes]) -> float:
    """The moment at which the page answers."""
    deadline = time.perf_counter() + PATIENCE_S
    while server.poll() is None and time.perf_counter() < deadline:
        try:
            urllib.request.urlopen(address, timeout=5).close()
            return time.perf_counter()
        except OSError:
            time.sleep(0.02)
    sys.exit(f"The page did not answer on {address}.")


if __name__ == "__main__":
    sys.exit(main())
