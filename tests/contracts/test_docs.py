"""What the pages and docstrings name is there: files, modules, members of modules, and links between pages."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from tests.contracts.repository import PACKAGES, ROOT, modules, relative, tracked_files

PAGES = [path for path in tracked_files() if path.suffix == ".md" and path.exists()]
TEXTS = [*PAGES, *modules(*PACKAGES)]
_FOLDERS = (*PACKAGES, "tests", "benchmarks", "deploy", "examples", "docs")
_PATH = re.compile(rf"(?<![\w./-])(?:{'|'.join(_FOLDERS)})/[\w./-]*[\w/]")
_DOTTED = re.compile(rf"(?<![\w./-])(?:{'|'.join((*PACKAGES, 'benchmarks'))})(?:\.[A-Za-z_]\w*)+")
_CODE = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"(?<!`)\[[^\]\[]*\]\(([^)\s]+)\)")
_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"(?<![\w.*-])[\w/]+\.py\b")
_PLACEHOLDER = re.compile(r"NAME|NNNN|\*")
"""Stands for a name that the reader chooses."""
_PAST = ("CHANGELOG.md",)
"""Pages about earlier versions: what they name was there at the time."""


@cache
def prose(path: Path) -> str:
    """A page, or the docstrings of a module."""
    source = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        return source
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docstrings = [
        ast.get_docstring(node) for node in ast.walk(ast.parse(source)) if isinstance(node, documented)
    ]
    return "\n".join(docstring for docstring in docstrings if docstring)


def in_code(text: str) -> list[str]:
    """The words that stand in backquotes on one line."""
    return _CODE.findall(_FENCE.sub("", text))


@cache
def is_member(dotted: str) -> bool:
    """Whether a dotted name is a module, or something that a module defines."""
    parts = dotted.split(".")
    for length in range(len(parts), 0, -1):
        folder = ROOT.joinpath(*parts[:length])
        file = folder.with_suffix(".py")
        source = file if file.is_file() else folder / "__init__.py"
        if source.is_file():
            rest = parts[length:]
            return not rest or rest[0] in _defined(source)
        if folder.is_dir():
            return length == len(parts)
    return False


def _defined(source: Path) -> set[str]:
    """Names that a module defines or imports at its top."""
    names = set()
    for node in ast.parse(source.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            names.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.Assign):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.add(node.target.id)
    return names


def test_every_file_that_is_named_is_there() -> None:
    missing = [
        f"{relative(path)}: {word}"
        for path in TEXTS
        if path.name not in _PAST
        for part in (in_code(prose(path)) if path in PAGES else [prose(path)])
        for word in _PATH.findall(part)
        if not _PLACEHOLDER.search(word) and not (ROOT / word).exists()
    ]
    assert missing == []


def test_every_module_and_member_that_is_named_is_there() -> None:
    missing = [
        f"{relative(path)}: {word}"
        for path in TEXTS
        if path.name not in _PAST
        for word in _DOTTED.findall(prose(path))
        if not is_member(word)
    ]
    assert missing == []


def test_every_file_that_a_page_names_by_its_end_is_there() -> None:
    endings = {f"/{relative(path)}" for path in tracked_files()}
    missing = [
        f"{relative(page)}: {word}"
        for page in PAGES
        if page.name not in _PAST
        for code in in_code(prose(page))
        for word in _FILE.findall(code)
        if not _PLACEHOLDER.search(word) and not any(path.endswith(f"/{word}") for path in endings)
    ]
    assert missing == []


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", _FENCE.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_every_link_leads_somewhere(page: Path) -> None:
    broken = []
    for link in _LINK.findall(_FENCE.sub("", page.read_text(encoding="utf-8"))):
        target, _, anchor = link.partition("#")
        if "://" in link or link.startswith("mailto:"):
            continue
        file = page.parent / target if target else page
        if not file.exists() or (anchor and file.suffix == ".md" and anchor not in anchors(file)):
            broken.append(link)
    assert broken == []


@pytest.mark.parametrize(
    "name",
    ["detectors.config", "detectors.config.DetectionConfig", "detectors.traces", "schemas.alerts.Alert"],
)
def test_a_name_that_is_there_is_found(name: str) -> None:
    assert is_member(name)


@pytest.mark.parametrize(
    "name", ["detectors.affinity", "detectors.config.Nothing", "streams.ordering.ordering"]
)
def test_a_name_that_is_not_there_is_missed(name: str) -> None:
    assert not is_member(name)


def test_the_glossary_names_only_words_of_the_code() -> None:
    sources = "\n".join(path.read_text(encoding="utf-8") for path in modules(*PACKAGES))
    glossary = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    names = [code for code in in_code(glossary) if re.fullmatch(r"[a-z_]+", code)]
    assert names
    assert [name for name in names if f'"{name}"' not in sources] == []


def test_no_page_has_a_section_twice() -> None:
    twice = {}
    for page in PAGES:
        sections = re.findall(r"^## .*$", _FENCE.sub("", prose(page)), re.MULTILINE)
        if page.name not in _PAST and len(sections) > len(set(sections)):
            twice[relative(page)] = sorted({name for name in sections if sections.count(name) > 1})
    assert not twice
