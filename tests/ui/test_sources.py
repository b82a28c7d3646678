"""What the browser gets of scripts and styles: the same, without what only readers need."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from musictx.ui.sources import HERE, read_source
from musictx.ui.theme import COLOURS

SCRIPTS = sorted(HERE.rglob("*.js"))
ALL = sorted(path for suffix in ("js", "css", "html") for path in HERE.rglob(f"*.{suffix}"))


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.name)
def test_only_whitespace_and_comments_are_left_out(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    kept = read_source(str(path.relative_to(HERE))).splitlines()
    lines = [line.strip() for line in text.splitlines()]
    if path.suffix == ".css":  # comments beside a rule go as well
        assert set(kept) <= {line.partition("/*")[0].strip() for line in lines}
        assert "/*" not in "\n".join(kept)
        return
    left_out = [line for line in lines if line and line not in set(kept)]
    assert all(line.startswith(("//", "/**", "*")) for line in left_out), left_out
    assert [line for line in lines if line in set(kept) and line] == kept


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_no_string_spans_lines(path: Path) -> None:
    for line in path.read_text(encoding="utf-8").splitlines():
        assert line.count("`") % 2 == 0, line
        assert not line.endswith("\\"), line


def test_comments_go_and_code_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("musictx.ui.sources.HERE", tmp_path)
    (tmp_path / "a.js").write_text(
        '// first\n/** What\n * it is. */\nconst a = "// no"; // beside\n\n  a(`/** ${a} */`);\n', encoding="utf-8"
    )
    assert read_source("a.js") == 'const a = "// no"; // beside\na(`/** ${a} */`);'
    (tmp_path / "a.css").write_text("/* All\n   of it */\n.a {\n  color: red; /* why */\n}\n", encoding="utf-8")
    assert read_source("a.css") == ".a {\ncolor: red;\n}"


def test_colours_stand_in_the_theme_alone() -> None:
    used = set()
    for path in ALL:
        text = path.read_text(encoding="utf-8")
        if path.suffix != ".html":  # there the same signs are a link to a part of the page
            assert not re.search(r"#(?:[0-9a-fA-F]{3}){1,2}\b(?![\w-])(?=[\";,) ])", text), path.name
        used |= set(re.findall(r"var\(--mx-([\w-]+)\)", text))
    assert used - {"gap"} <= set(COLOURS)
    assert all(
        re.fullmatch(r"#[0-9a-f]{6}", colour) for pair in COLOURS.values() for colour in pair
    )  # the roll reads them
