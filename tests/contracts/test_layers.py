"""The inner layers decide and describe; they never touch a file, a clock, a log or the world.

import-linter holds the direction of imports between our packages. This holds what it cannot see: calls.
"""

import ast
from collections.abc import Iterator

import pytest

from tests.contracts.repository import ROOT, modules, relative

FORBIDDEN_MODULES = {
    *("asyncio", "concurrent", "multiprocessing", "signal", "socket", "subprocess", "threading"),
    *("glob", "io", "os", "pathlib", "shutil", "tempfile"),
    *("logging", "random", "secrets", "time", "uuid"),
    *("aiokafka", "faust", "isal", "prometheus_client", "rich", "structlog", "typer", "zstandard"),
}
FORBIDDEN_CALLS = {"open", "input", "print", "breakpoint", "eval", "exec"}
CLOCKS = {"now", "utcnow", "today"}
CLOCK_OWNERS = {"datetime", "date"}

ALLOWED = {
    "schemas/generate/json_schema.py": {"pathlib", "print"},  # a program: it writes the published schemas
    "detectors/networks/communities.py": {
        "random"
    },  # igraph draws from a random.Random that the caller seeds
}


def impurities(source: str) -> Iterator[str]:
    """Name each import and call in `source` by which a result could depend on more than its input."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (name for alias in node.names if (name := _top(alias.name)) in FORBIDDEN_MODULES)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            if (name := _top(node.module or "")) in FORBIDDEN_MODULES:
                yield name
        elif isinstance(node, ast.Call):
            yield from _impure_call(node)


def _top(name: str) -> str:
    return name.partition(".")[0]


def _impure_call(call: ast.Call) -> Iterator[str]:
    function = call.func
    if isinstance(function, ast.Name) and function.id in FORBIDDEN_CALLS:
        yield function.id
    if isinstance(function, ast.Attribute):
        owner = function.value
        owner_name = owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", "")
        if function.attr in CLOCKS and owner_name in CLOCK_OWNERS:
            yield f"{owner_name}.{function.attr}"
        makes_generator = function.attr == "default_rng" or function.attr[0].isupper()
        seeded = makes_generator and (call.args or call.keywords)
        if owner_name == "random" and not seeded:
            yield f"random.{function.attr}"


def test_an_inner_module_depends_on_its_input_alone() -> None:
    assert [
        f"{relative(module)}: {name}"
        for module in modules("schemas", "detectors")
        for name in impurities(module.read_text(encoding="utf-8"))
        if name not in ALLOWED.get(relative(module), set())
    ] == []


def test_exceptions_name_modules_that_may_exist() -> None:
    assert all(name.startswith(("schemas/", "detectors/")) for name in ALLOWED)
    assert (ROOT / "schemas/generate/json_schema.py").is_file()


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import time", ["time"]),
        ("import os.path as p", ["os"]),
        ("from pathlib import Path", ["pathlib"]),
        ("def f():\n    import logging", ["logging"]),
        ("import random", ["random"]),
        ("from datetime import datetime\ndatetime.now()", ["datetime.now"]),
        ("import datetime as d\nd.datetime.utcnow()", ["datetime.utcnow"]),
        ("from datetime import date\ndate.today()", ["date.today"]),
        ("with open('x') as f: pass", ["open"]),
        ("print('x')", ["print"]),
        ("import numpy as np\nnp.random.shuffle(x)", ["random.shuffle"]),
        ("import numpy as np\nnp.random.default_rng()", ["random.default_rng"]),
    ],
)
def test_an_impurity_is_found(source: str, found: list[str]) -> None:
    assert list(impurities(source)) == found


@pytest.mark.parametrize(
    "source",
    [
        "from datetime import UTC, datetime, timedelta\ndatetime.fromtimestamp(0, UTC)",
        "import numpy as np\nnp.random.default_rng(seed)",
        "import numpy as np\nnp.random.Generator(np.random.PCG64(seed))",
        "from detectors.time_bins import bins",
        "from . import time",
        "frame.open()",
    ],
)
def test_what_is_pure_passes(source: str) -> None:
    assert list(impurities(source)) == []
