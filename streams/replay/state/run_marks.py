"""Which run a kept state belongs to: its settings, its files, and how much of each input and output there was.

A state goes on only where all of this still holds. Anything else would give alerts that no single run gives.
"""

import hashlib
import json
import os
import stat
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from schemas.errors import InputError, UsageError
from streams.replay.state.state_folder import ANEW
from streams.settings.settings import Settings, setting_values
from streams.version import VERSION

_STEP = 1 << 20
_NOT_OF_A_RUN = ("kafka.", "worker.", "desk.", "notify", "privacy.key_file", "input.state_every_s")


class FileMark(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The beginning of a file."""

    path: str
    size: int
    """Bytes."""
    digest: str
    """BLAKE2b of these bytes."""


class RunMarks(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a state was kept with."""

    version: str
    run_id: str
    settings: dict[str, str]
    """Every setting that bears on a run, as JSON."""
    options: dict[str, str]
    """Options that bear on what is found, and files that are read besides posts."""
    inputs: dict[str, FileMark]
    """By name."""
    outputs: dict[str, FileMark]
    """By option."""
    report_files: list[str] | None
    """Files of posts for the report; None: no report was asked for."""
    seconds: float
    """Seconds that the runs took until then."""


def settings_marks(settings: Settings) -> dict[str, str]:
    """The settings that bear on a run, each as JSON."""
    return {
        name: json.dumps(value, sort_keys=True, default=str)
        for name, value in setting_values(settings)
        if not name.startswith(_NOT_OF_A_RUN)
    }


def option_marks(options: Mapping[str, object], files: Mapping[str, str | None]) -> dict[str, str]:
    """Options as text; files by their content, so that they may be moved.

    Raises:
        InputError: a file cannot be read.
        UsageError: a file is standard input or a pipe.
    """
    contents = {
        option: "none" if path is None else mark_of(option, path).digest for option, path in files.items()
    }
    return {name: str(value) for name, value in options.items()} | contents


def check_same(folder: str, kept: RunMarks, settings: Mapping[str, str], options: Mapping[str, str]) -> None:
    """Make sure that a state was kept with the same version, settings and options.

    Raises:
        UsageError: it was not; the message names the first thing that differs.
    """
    if kept.version != VERSION:
        raise UsageError(
            f"--state: {folder} was kept by Lockstep {kept.version}, and this is {VERSION}. {ANEW}"
        )
    for what, before, now in (("option", kept.options, options), ("setting", kept.settings, settings)):
        for name in sorted(before.keys() | now.keys()):
            one, other = before.get(name, "none"), now.get(name, "none")
            if one == other:
                continue
            if what == "option" and name in (
                "--registry",
                "--follows",
                "--accounts",
                "--suppressions",
                "--reviews",
            ):
                how = "was not given before" if one == "none" else "is not given any more"
                how = "has other content than before" if "none" not in (one, other) else how
                raise UsageError(f"--state: {folder} was kept with another {name}: it {how}. {ANEW}")
            raise UsageError(
                f"--state: {folder} was kept with another {what}: {name} was {one}, and is {other}. {ANEW}"
            )


def checked_inputs(
    folder: str, kept: Mapping[str, FileMark], inputs: Sequence[str], unfinished: Sequence[str]
) -> tuple[dict[str, FileMark], frozenset[str]]:
    """Make sure that what was read of the inputs is unchanged.

    Args:
        folder: of the state.
        kept: marks of the inputs that were read.
        inputs: that are given now.
        unfinished: of those read, the ones that were not read to their end.

    Returns:
        Marks of all inputs, as they are now; and those that have grown.

    Raises:
        UsageError: an input is missing that was not read to its end, or cannot be read twice.
        InputError: an input has changed.
    """
    if missing := [name for name in unfinished if name not in inputs]:
        raise UsageError(
            f"--state: {folder} was kept in the middle of {missing[0]}. Give this input again. {ANEW}"
        )
    marks = dict(kept)
    grown = set()
    for name in inputs:
        before = kept.get(name)
        marks[name] = mark_of("--state", name, before, folder)
        if before is not None and marks[name].size > before.size:
            grown.add(name)
    return marks, frozenset(grown)


def mark_of(option: str, path: str, before: FileMark | None = None, folder: str = "") -> FileMark:
    """The mark of a whole file.

    Args:
        option: that names the file, for messages.
        path: of the file.
        before: its mark when a state was kept.
        folder: of that state.

    Raises:
        InputError: it cannot be read, or does not begin with what it held before.
        UsageError: it is standard input or a pipe.
    """
    hashed = hashlib.blake2b(digest_size=32)
    size = 0
    try:
        if path == "-" or not stat.S_ISREG(os.stat(path).st_mode):
            name = "standard input" if path == "-" else path
            raise UsageError(f"--state: {name} cannot be read a second time. Give a file.")
        for part in _parts(path, [before.size] if before is not None else []):
            hashed.update(part)
            size += len(part)
            if before is not None and size == before.size:
                _check_beginning(path, before, size, hashed.hexdigest(), folder)
    except OSError as error:
        raise InputError(f"{option}: {path} cannot be read: {error.strerror or error}.") from error
    if before is not None:
        _check_beginning(path, before, size, None, folder)
    return FileMark(path=path, size=size, digest=hashed.hexdigest())


def _check_beginning(path: str, before: FileMark, size: int, digest: str | None, folder: str) -> None:
    """Check a file that is read up to `size`; `digest` is given at the size that it had before."""
    if size < before.size:
        raise InputError(
            f"{path}: has {size:,} bytes, where the state in {folder} was kept with {before.size:,}. {ANEW}"
        )
    if digest is not None and digest != before.digest:
        raise InputError(
            f"{path}: its first {before.size:,} bytes have changed since the state in {folder} was kept. {ANEW}"
        )


def _parts(path: str, bounds: Sequence[int]) -> Iterator[bytes]:
    """The bytes of a file in parts, none across one of the bounds."""
    with open(path, "rb", buffering=0) as file:
        position = 0
        while True:
            ends = [bound - position for bound in bounds if bound > position]
            part = file.read(min([_STEP, *ends]))
            if not part:
                return
            position += len(part)
            yield part
