"""Prints the part of requirements.lock that the named packages need, with hashes: `locked.py LOCK [NAME...]`.

Without names it prints what the program needs, without what only development needs. With `--laptop PYPROJECT` it prints
what a laptop needs: without Kafka either, and with what an editable installation needs. For each package the lock says
which others need it (`# via ...`), so this resolves nothing and asks no package index.
"""

import re
import sys
from pathlib import Path

PROGRAM = "lockstep-monitor (pyproject.toml)"
_BEGIN = re.compile(r"^([a-z0-9][a-z0-9._-]*)==", re.ASCII)
_VIA = re.compile(r"^    #(?: via)? +(\S.*)$")


def part(lock: str, names: set[str]) -> str:
    """The blocks of a lock file that belong to `names` and what they need.

    Args:
        lock: as `uv pip compile --generate-hashes` writes it.
        names: names of packages, or names after `# via`.

    Raises:
        ValueError: a name is not in the lock.
    """
    blocks: dict[str, list[str]] = {}
    needed_by: dict[str, set[str]] = {}
    name = ""
    for line in lock.splitlines():
        if begin := _BEGIN.match(line):
            name = begin[1]
            blocks.setdefault(name, []).append(line)
            needed_by.setdefault(name, set())
        elif name and (via := _VIA.match(line)):
            needed_by[name].add(via[1])
        elif name and line.strip():
            blocks[name].append(line)
    if unknown := names - blocks.keys() - set().union(*needed_by.values()):
        raise ValueError(f"not in the lock: {', '.join(sorted(unknown))}")
    wanted = set(names)
    while added := {name for name, by in needed_by.items() if by & wanted} - wanted:
        wanted |= added
    return "".join(f"{line}\n" for name, lines in blocks.items() if name in wanted for line in lines)


def laptop(pyproject: str) -> set[str]:
    """Names of the packages that the project needs without extras, and of those that build it."""
    import tomllib  # noqa: PLC0415 - only where the project is

    project = tomllib.loads(pyproject)
    wanted = [*project["project"]["dependencies"], *project["build-system"]["requires"], "editables"]
    return {re.split(r"[^A-Za-z0-9._-]", one.strip())[0].lower().replace("_", "-") for one in wanted}


if __name__ == "__main__":
    lock_file, *chosen = sys.argv[1:]
    if chosen[:1] == ["--laptop"]:
        chosen = sorted(laptop(Path(chosen[1]).read_text(encoding="utf-8")))
    sys.stdout.write(part(Path(lock_file).read_text(encoding="utf-8"), set(chosen) or {PROGRAM}))
