"""Files say what they are; no file names a package index or a path of someone's machine."""

import re

import pytest

from tests.contracts.repository import PACKAGES, modules, relative, tracked_files
from tests.work_order import LONGEST

NAMES_THAT_SAY_NOTHING = {"util", "utils", "common", "helper", "helpers", "manager", "managers", "misc"}

# Put together from pieces, so that this file does not hold what it looks for.
INDEX_HOSTS = ("py" + "pi.org", "python" + "hosted.org", "registry.npm" + "js.org", "repo.anaconda" + ".com")
PERSONAL_FOLDERS = ("wo" + "rk", "ro" + "ot", "Us" + "ers")
LEAKS = re.compile(
    "|".join(re.escape(host) for host in INDEX_HOSTS)
    + rf"|(?<![\w.\-/{{}}$])/(?:{'|'.join(PERSONAL_FOLDERS)})/[\w.]"
    + r"|\b[A-Z]:\\Us"
    + r"ers\\"
)


def test_a_name_says_what_is_inside() -> None:
    assert [
        relative(module)
        for module in modules(*PACKAGES)
        if set(re.split(r"[/_.]", relative(module))) & NAMES_THAT_SAY_NOTHING
    ] == []


def test_no_tracked_file_names_a_package_index_or_a_personal_folder() -> None:
    found = []
    for path in tracked_files():
        content = path.read_bytes()
        if b"\0" in content[:8192]:
            continue
        for number, line in enumerate(content.decode("utf-8", errors="replace").splitlines(), start=1):
            if leak := LEAKS.search(line):
                found.append(f"{relative(path)}:{number}: {leak.group()}")
    assert found == []


@pytest.mark.parametrize(
    "line",
    [
        "--index-url https://" + "py" + "pi.org/simple",
        "https://files.python" + "hosted.org/packages/x.whl",
        "data = '/wo" + "rk/main/posts.csv'",
        "cd /ro" + "ot/lockstep",
        "/Us" + "ers/someone/lockstep",
        "C:" + "\\Us" + "ers\\someone",
    ],
)
def test_a_leak_is_found(line: str) -> None:
    assert LEAKS.search(line)


@pytest.mark.parametrize(
    "line",
    ["https://example.org/wo" + "rk/1", "net" + "wo" + "rk/alerts", "$HOME/wo" + "rk/x", "a/ro" + "ot/b"],
)
def test_an_innocent_line_passes(line: str) -> None:
    assert not LEAKS.search(line)


def test_the_order_of_work_names_files_that_are_there() -> None:
    assert set(LONGEST) <= {relative(path) for path in tracked_files()}
