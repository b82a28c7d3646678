"""The scripts that a page will need are named in its header."""

from __future__ import annotations

import re
import urllib.request
from pathlib import Path

from musictx.ui.server.preloads import FRONTEND, scripts_for


def test_the_list_is_read_from_a_build(tmp_path: Path) -> None:
    assets = tmp_path / "assets"
    assets.mkdir()
    (tmp_path / "index.html").write_text('<script type="module" src="./assets/index-AB_1.js"></script>')
    files = {
        "index-AB_1.js": 'm.f=["./core-1.js","./style.css","./view-2.js"]',
        "core-1.js": 'const __vite__mapDeps=(m.f=["./Old-1.js","./odd.name-9.js","./Slider-2.js","./deep-3.js"]);'
        "x={slider:{component:()=>v(()=>import(`./Old-1.js`),__vite__mapDeps([0]))}};"
        "y={slider:{example:()=>v(()=>import(`./Gone-1.js`)),"
        "component:()=>v(()=>import(`./Slider-2.js`),__vite__mapDeps([2,3,77]))}}",
        "view-2.js": "import(`./Blocks-4.js`)",
        **dict.fromkeys(("Old-1.js", "odd.name-9.js", "Slider-2.js", "deep-3.js", "Blocks-4.js"), ""),
    }
    for name, text in files.items():
        (assets / name).write_text(text)
    assert scripts_for({"slider", "unknown"}, tmp_path) == [
        "core-1.js",
        "view-2.js",
        "Blocks-4.js",
        "Slider-2.js",
        "deep-3.js",
    ]


def test_an_unknown_build_is_loaded_as_it_loads_itself(tmp_path: Path) -> None:
    assert scripts_for({"slider"}, tmp_path) == []


def test_what_the_header_names_is_there(fake_url: str) -> None:
    with urllib.request.urlopen(fake_url, timeout=30) as answer:
        names = re.findall(r"<(assets/[^>]+)>; rel=modulepreload", answer.headers["Link"])
    assert len(names) > 20 and len(set(names)) == len(names)
    texts = {name: (FRONTEND / name).read_text(encoding="utf-8") for name in names}
    assert any("js_on_load" in text for text in texts.values())  # what draws the stage is among them
    with urllib.request.urlopen(fake_url + names[0], timeout=30) as script:
        assert script.status == 200 and "javascript" in script.headers["Content-Type"]
