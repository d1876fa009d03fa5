"""Machine code on disk is used again, and no longer than the source that it was made of."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

CALLED = """
import numpy as np
from detectors.arrays.compiled import compiled, inlined

STEP = {step}
WEIGHTS = np.array([1, {step}])

@inlined
def more(x):
    return x + {step}

@compiled
def most(x):
    return x + {step}
"""
KERNELS = """
import numpy as np
from called import STEP, WEIGHTS, more, most
from detectors.arrays.compiled import compiled

@compiled
def of_a_constant(x):
    return x + STEP

@compiled
def of_an_array(x):
    return x + WEIGHTS[np.argmax(WEIGHTS)]

@compiled
def of_an_inlined_function(x):
    return more(x)

@compiled
def of_a_kernel(x):
    return most(x)

@compiled
def of_nothing(x):
    return x + 1
"""
RUN = """
import json, sys
import kernels
results = {name: getattr(kernels, name)(0) for name in dir(kernels) if name.startswith("of_")}
loaded = [name for name in results if sum(getattr(kernels, name).stats.cache_hits.values())]
print(json.dumps([results, loaded, "scipy.linalg" in sys.modules]))
"""
NAMES = ["of_a_constant", "of_a_kernel", "of_an_array", "of_an_inlined_function", "of_nothing"]


def run(folder: Path, *, step: int) -> tuple[dict[str, int], list[str], bool]:
    """Results of the kernels, which of them were on disk, and whether scipy.linalg was loaded, for numba to compile."""
    folder.mkdir(exist_ok=True)
    (folder / "called.py").write_text(CALLED.format(step=step))
    (folder / "kernels.py").write_text(KERNELS)
    path = os.pathsep.join([str(folder), *filter(None, sys.path)])
    done = subprocess.run(
        [sys.executable, "-c", RUN],
        env={key: value for key, value in os.environ.items() if key != "NUMBA_CACHE_DIR"}
        | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    results, loaded, linalg = json.loads(done.stdout)
    return results, loaded, linalg


@pytest.mark.slow
def test_given_a_file_that_kernels_use_when_it_changes_then_they_are_compiled_anew_and_else_loaded(
    tmp_path: Path,
) -> None:
    first, loaded, linalg = run(tmp_path / "here", step=5)
    assert first == {**dict.fromkeys(NAMES, 5), "of_nothing": 1} and loaded == []
    assert linalg

    again, loaded, linalg = run(tmp_path / "here", step=5)
    assert again == first and loaded == NAMES
    assert not linalg

    changed, loaded, _ = run(tmp_path / "here", step=77)
    assert changed == {**dict.fromkeys(NAMES, 77), "of_nothing": 1}
    assert loaded == []

    (tmp_path / "here").rename(tmp_path / "there")
    moved, loaded, _ = run(tmp_path / "there", step=77)
    assert moved == changed and loaded == NAMES
