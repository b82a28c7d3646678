"""The page attacked as a public host is: `python -m benchmarks.attacks [--checkout PATH] [--only NAME …]`.

Against a page that this command starts, on the loopback alone, with bounded loops. `--checkout` names another
checkout of musictx whose page is attacked, an older one for example: the same command gives the figures to compare
with. The short forms are tests: tests/ui/test_hosting.py, tests/hosting/, tests/workshop/test_trial.py,
tests/midi/test_bounded.py.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from benchmarks.measure import RESULTS, machine, print_facts, write_json

ROOT = Path(__file__).resolve().parents[1]
MB = 2**20
JSON = {"content-type": "application/json"}
PACKAGES = ("gradio", "onnxruntime")
COMPOSE = ["balanced", 0.8, 10, 0.92]
LONG_S, SHORT_S = 180, 5
LONGEST_WAIT_S = 300.0


class Page:
    """A page that was started; memory: watched in the background, the most in MB above the beginning."""

    def __init__(self, url: str, process: psutil.Process, folder: Path) -> None:
        self.url, self.process, self.folder = url, process, folder
        self.before = self.most = self._rss()
        threading.Thread(target=self._watch, daemon=True).start()

    def _rss(self) -> int:
        rss = 0
        for each in (self.process, *self.process.children(recursive=True)):
            try:
                rss += each.memory_info().rss
            except psutil.Error:
                continue
        return rss

    def _watch(self) -> None:
        while self.process.is_running():
            try:
                self.most = max(self.most, self._rss())
            except psutil.Error:
                return
            time.sleep(0.1)

    def grown_mb(self) -> float:
        """The most above the beginning, and begins anew."""
        grown, self.before = (self.most - self.before) / MB, self._rss()
        self.most = self.before
        return round(grown)

    def ask(self, path: str, body: bytes | None = None, timeout: float = 120.0) -> tuple[int, bytes]:
        """Status and body; 0 if the page does not answer."""
        request = urllib.request.Request(self.url + path, body, JSON)
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()
        except OSError:
            return 0, b""

    def seed(self) -> dict[str, Any]:
        """An uploaded seed, as an event names it."""
        content = sorted((ROOT / "assets/seeds").glob("*.mid"))[0].read_bytes()
        head = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.mid"\r\n\r\n'
        headers = {"content-type": "multipart/form-data; boundary=x"}
        request = urllib.request.Request(f"{self.url}gradio_api/upload", head + content + b"\r\n--x--\r\n", headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            (path,) = json.load(answer)
        return {"path": path, "meta": {"_type": "gradio.FileData"}, "orig_name": "a.mid"}

    def values(self, seconds: int) -> list[Any]:
        """What /compose takes, in its order."""
        return [self.seed(), *COMPOSE, seconds, 1, -1, 60, 1, "", "", 0.3, "wav", 1]


@contextmanager
def started(checkout: Path, port: int, **variables: str) -> Iterator[Page]:
    """The page of a checkout, warm."""
    with tempfile.TemporaryDirectory() as name:
        environment = {**os.environ, "TMPDIR": name, **variables}
        command = [sys.executable, str(checkout / "app.py"), "--port", str(port), "--checkpoint", "original"]
        with (Path(name) / "log").open("wb") as log:
            process = subprocess.Popen(command, cwd=checkout, env=environment, stdout=log, stderr=log)
        page = Page(f"http://127.0.0.1:{port}/", psutil.Process(process.pid), Path(name))
        try:
            while page.ask("config", timeout=5)[0] != 200:
                assert process.poll() is None, (Path(name) / "log").read_text()[-2000:]
                time.sleep(0.5)
            time.sleep(8)  # the model is prepared
            page.grown_mb()
            yield page
        finally:
            process.kill()
            process.wait()


def direct(page: Page) -> str:
    """45 requests past the queue at once."""
    body = json.dumps({"data": page.values(LONG_S)}).encode()
    with ThreadPoolExecutor(45) as threads:
        asked = [threads.submit(page.ask, "gradio_api/run/compose", body, 60.0) for _ in range(45)]
        time.sleep(5)
        began = time.monotonic()
        page.ask("config", timeout=LONGEST_WAIT_S)
        late_s = time.monotonic() - began
        statuses = [each.result()[0] for each in asked]
    taken = sum(status not in (404, 429, 503) for status in statuses)
    return f"{taken} of 45 taken, the page answered another after {late_s:.1f} s, +{page.grown_mb()} MB"


def forget(page: Page) -> str:
    """24 requests whose answers nobody fetches, then a visitor."""
    function = next(each for each in json.loads(page.ask("config")[1])["dependencies"] if each["api_name"] == "compose")
    values, taken = page.values(LONG_S), 0
    for number in range(24):
        body = json.dumps({"fn_index": function["id"], "data": values, "session_hash": f"forget{number}"}).encode()
        taken += page.ask("gradio_api/queue/join", body)[0] == 200
    return f"{taken} of 24 taken, a visitor's piece of {SHORT_S} s after {_visitor(page):.0f} s"


def _visitor(page: Page) -> float:
    import gradio_client

    began = time.monotonic()
    client = gradio_client.Client(page.url, verbose=False, download_files=str(page.folder))
    seed = gradio_client.handle_file(str(sorted((ROOT / "assets/seeds").glob("*.mid"))[0]))
    while time.monotonic() - began < LONGEST_WAIT_S:
        try:
            client.predict(seed_file=seed, seconds=SHORT_S, audio_format="wav", api_name="/compose")
            break
        except Exception:  # turned away: asks again
            time.sleep(1)
    client.close()
    return time.monotonic() - began


def visits(page: Page) -> str:
    """1,000 visitors one after another."""
    events = json.loads(page.ask("config")[1])["dependencies"]
    quick = next(each for each in events if each["queue"] is False and not each["inputs"] and each["backend_fn"])
    grown = []
    for number in range(1000):
        body = json.dumps({"fn_index": quick["id"], "data": [], "session_hash": f"visit{number}"}).encode()
        page.ask("gradio_api/run/predict", body)
        if number in (299, 999):
            grown.append(round((page._rss() - page.before) / MB))
    return f"+{grown[0]} MB after 300, +{grown[1]} MB after 1,000"


def bodies(page: Page) -> str:
    """A JSON body of 200 MB."""
    status, _ = page.ask("gradio_api/queue/join", b'{"data":["' + b"x" * (200 * MB) + b'"]}')
    return f"status {status or 'cut off'}, +{page.grown_mb()} MB"


def origins(page: Page) -> str:
    """A page on a sibling host, in a visitor's browser."""
    request = urllib.request.Request(f"{page.url}config", headers={"origin": "http://sibling.localhost"})
    request.add_header("host", "piano.example.org")
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return f"status {answer.status}, allowed origin {answer.headers['access-control-allow-origin']}"
    except urllib.error.HTTPError as error:
        return f"status {error.code}, allowed origin {error.headers['access-control-allow-origin']}"


def ending(page: Page) -> str:
    """SIGTERM while it generates."""
    function = next(each for each in json.loads(page.ask("config")[1])["dependencies"] if each["api_name"] == "compose")
    body = json.dumps({"fn_index": function["id"], "data": page.values(LONG_S), "session_hash": "end"}).encode()
    page.ask("gradio_api/queue/join", body)
    time.sleep(4)
    began = time.monotonic()
    page.process.send_signal(signal.SIGTERM)
    status = page.process.wait(60)
    left = [path.name for path in page.folder.iterdir() if path.name.startswith("musictx-")]
    return f"status {status} after {time.monotonic() - began:.1f} s, {len(left)} folders left"


READ = """
import resource, sys, time
from pathlib import Path
from musictx.errors import MusictxError
began = time.monotonic()
def peak(): return sum(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
before = peak()
try:
    {what}
    said = "read"
except MusictxError as error:
    said = "refused"
except Exception as error:
    said = type(error).__name__
print(f"{{said}} after {{time.monotonic() - began:.1f}} s, +{{(peak() - before) / 1024:.0f}} MB")
"""


def elsewhere(checkout: Path, what: str, path: Path) -> str:
    """What a few lines of Python do with a file, in a process of their own."""
    command = [sys.executable, "-c", READ.format(what=what), str(path)]
    done = subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=False)
    return done.stdout.strip().splitlines()[-1] if done.stdout.strip() else f"ended with {done.returncode}"


def seed_that_grows(checkout: Path, folder: Path) -> str:
    """A legal seed of 1.98 MB with a track for every channel and program of every chunk."""
    notes = (bytes((0, 0xC0 | each, program, 0, 0x90 | each, 60, 64)) for program in range(128) for each in range(16))
    body = b"".join(notes) + b"\x00\xff\x2f\x00"
    chunks = (b"MTrk" + len(body).to_bytes(4, "big") + body) * 145
    path = folder / "grows.mid"
    path.write_bytes(b"MThd\0\0\0\x06\0\x01\0\x91\x01\xe0" + chunks)
    return elsewhere(checkout, "from musictx.studio import Studio; Studio().read_seed(Path(sys.argv[1]))", path)


def zip_of_many(checkout: Path, folder: Path) -> str:
    """A zip of 5,000 files that are no music."""
    path = folder / "many.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(5000):
            archive.writestr(f"{number}.mid", b"MThd")
    what = (
        "from musictx.workshop.datasets.store import Datasets; from musictx.workshop.policy import WorkshopLimits; "
        "Datasets(Path(sys.argv[1]).parent / 'd', WorkshopLimits()).take_in('me', [Path(sys.argv[1])], '', False)"
    )
    return elsewhere(checkout, what, path)


def checkpoint_that_claims(checkout: Path, folder: Path) -> str:
    """A zip of a few kB whose card describes a network of gigabytes."""
    card = json.loads((ROOT / "checkpoints/original/config.json").read_text())
    card["model"] |= {"width": 2048, "blocks": 8, "ffn_width": 8192}
    path = folder / "claims.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", json.dumps({**card, "shards": ["weights-1-of-1.safetensors"]}))
        archive.writestr("weights-1-of-1.safetensors", (2).to_bytes(8, "little") + b"{}")
    what = (
        "from musictx.workshop.checkpoints.package import unpack_checkpoint; "
        "unpack_checkpoint(Path(sys.argv[1]), Path(sys.argv[1]).parent / 'c', [])"
    )
    return elsewhere(checkout, what, path)


ON_A_PAGE: dict[str, Callable[[Page], str]] = {
    each.__name__: each for each in (direct, forget, visits, bodies, origins, ending)
}
ON_A_FILE: dict[str, Callable[[Path, Path], str]] = {
    each.__name__: each for each in (seed_that_grows, zip_of_many, checkpoint_that_claims)
}


def main() -> int:
    """Prints a row for each attack."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkout", type=Path, default=ROOT, help="whose page is attacked")
    parser.add_argument("--only", nargs="+", choices=[*ON_A_PAGE, *ON_A_FILE], default=[*ON_A_PAGE, *ON_A_FILE])
    parser.add_argument("--port", type=int, default=17861)
    options = parser.parse_args()
    print_facts(machine(PACKAGES))
    checkout, found = options.checkout.resolve(), {}
    for name in options.only:
        if name in ON_A_PAGE:
            with started(checkout, options.port) as page:
                found[name] = ON_A_PAGE[name](page)
        else:
            with tempfile.TemporaryDirectory() as folder:
                found[name] = ON_A_FILE[name](checkout, Path(folder))
        print(f"{name:<24} {found[name]}", flush=True)
    if checkout == ROOT:
        write_json({"machine": machine(PACKAGES), "figures": found}, RESULTS / "attacks.json")
    return 0


if __name__ == "__main__":
    sys.exit(main())
