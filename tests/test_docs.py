"""What the pages point to is there: files, other pages, headings."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("boards/*/README.md")])
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
PATH = re.compile(
    r"`((?:firmware|boards|host_tools|provisioning|simulator|tests|benchmarks|tools|docs)/[\w./-]+)`"
)


def _anchors(page):
    text = page.read_text(encoding="utf-8")
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page):
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        where = (page.parent / name).resolve() if name else page
        assert where.exists(), target
        assert not anchor or anchor in _anchors(where), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_files_that_are_named_are_there(page):
    for name in PATH.findall(page.read_text(encoding="utf-8")):
        assert (ROOT / name).exists(), name


def test_every_page_can_be_found_from_the_readme():
    found, waiting = set(), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        found.add(page)
        text = page.read_text(encoding="utf-8")
        named = [*LINK.findall(text), *re.findall(r"docs/[\w-]+\.md", text)]
        for target in named:
            for base in (page.parent, ROOT):
                where = (base / target.partition("#")[0]).resolve()
                if where.suffix == ".md" and where.exists() and where not in found:
                    waiting.append(where)
    assert set(PAGES) <= found, set(PAGES) - found


def test_tests_that_are_named_are_there():
    text = (ROOT / "docs/security.md").read_text(encoding="utf-8")
    named = re.findall(r"(?:(test_\w+\.py)|…)(?:::(test_\w+))?`", text)
    assert len(named) > 30
    for file, function in named:
        places = list(ROOT.glob(f"tests/**/{file or 'test_*.py'}"))
        assert places, file
        sources = [place.read_text(encoding="utf-8") for place in places]
        is_there = [not function or f"def {function}(" in source for source in sources]
        assert any(is_there), (file, function)
