"""Lists the licence of every installed dependency: `python -m scripts.licences [--json]`.

From what the installed packages say of themselves, for musictx's requirements and whatever these need in turn.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Sequence
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
UNSAID = "not said"
LONGEST = 60  # some packages put the whole text where its name belongs


def required(path: Path) -> list[Requirement]:
    """The requirements of a file, without its comments and references to other files."""
    lines = (line.split("#")[0].strip() for line in path.read_text(encoding="utf-8").splitlines())
    return [Requirement(line) for line in lines if line and not line.startswith("-")]


def needed(wanted: Sequence[Requirement]) -> dict[str, Distribution]:
    """The installed distributions by normal name that `wanted` and their own requirements name."""
    found: dict[str, Distribution] = {}
    waiting = [each for each in wanted if each.marker is None or each.marker.evaluate({"extra": ""})]
    while waiting:
        each = waiting.pop()
        name = re.sub(r"[-_.]+", "-", each.name).lower()
        if name in found:
            continue
        try:
            found[name] = distribution(each.name)
        except PackageNotFoundError:
            continue
        extras = each.extras or {""}
        for text in found[name].requires or ():
            inner = Requirement(text)
            if inner.marker is None or any(inner.marker.evaluate({"extra": extra}) for extra in extras):
                waiting.append(inner)
    return found


def licence_of(installed: Distribution) -> str:
    """As the package says it: expression, else classifiers, else the field."""
    about: Any = installed.metadata
    classified = [
        line.rsplit(" :: ", 1)[1] for line in about.get_all("Classifier") or () if line.startswith("License :: ")
    ]
    field = (about.get("License") or "").strip().splitlines()
    return about.get("License-Expression") or ", ".join(classified) or (field[0][:LONGEST] if field else UNSAID)


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints them; 0."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="as JSON")
    options = parser.parse_args(arguments)
    found = needed(required(ROOT / "requirements.txt"))
    rows = [(name, found[name].version, licence_of(found[name])) for name in sorted(found)]
    if options.json:
        print(json.dumps([dict(zip(("name", "version", "licence"), row, strict=True)) for row in rows], indent=1))
    else:
        width = max(len(name) for name, _, _ in rows)
        for name, version, licence in rows:
            print(f"{name:<{width}}  {version:<14}  {licence}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
