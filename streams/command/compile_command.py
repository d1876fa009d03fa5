"""`lockstep compile`; `streams.command.program` turns its faults into messages and exit statuses."""

import time

import typer

from streams.kernels.compiling import compile_kernels
from streams.kernels.kernel_list import listed_kernels
from streams.outputs.plain_text import plain_lines


def compile_all() -> bool:
    """Compile what is missing. Returns whether all kernels are compiled."""
    begun = time.monotonic()
    faults = compile_kernels(_say)
    for fault in faults:
        _say(f"not compiled: {fault}")
    if not faults:
        _say(f"{len(listed_kernels())} kernels are compiled, after {time.monotonic() - begun:.0f} s.")
    return not faults


def _say(text: str) -> None:
    typer.echo(plain_lines(text), err=True)
