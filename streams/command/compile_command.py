"""`lockstep compile`; `streams.command.program` turns its faults into messages and exit statuses."""

import compileall
import time
from pathlib import Path

import typer

import detectors
import schemas
import streams
from streams.kernels.compiling import compile_kernels
from streams.kernels.kernel_list import listed_kernels
from streams.outputs.plain_text import plain_lines


def compile_all(*, for_replays: bool) -> bool:
    """Compile what is missing.

    Args:
        for_replays: only what every replay uses.

    Returns:
        Whether all of it is compiled.
    """
    begun = time.monotonic()
    _write_byte_code()
    faults = compile_kernels(_say, in_every_replay=for_replays)
    for fault in faults:
        _say(f"not compiled: {fault}")
    if not faults:
        compiled = sum(kernel.in_every_replay or not for_replays for kernel in listed_kernels())
        _say(f"{compiled} kernels are compiled, after {time.monotonic() - begun:.0f} s.")
    return not faults


def _write_byte_code() -> None:
    """Write the byte code of our modules, where their folders can be written.

    Python does so by itself when a module is first loaded, unless PYTHONDONTWRITEBYTECODE is set, as in many
    containers. Without byte code each command takes 0.3 CPU seconds longer (measured).
    """
    for package in (schemas, detectors, streams):
        compileall.compile_dir(Path(package.__path__[0]), quiet=2)


def _say(text: str) -> None:
    typer.echo(plain_lines(text), err=True)
