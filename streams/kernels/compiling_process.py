"""Compiles kernels in a process of its own, as `streams.kernels.compiling` asks for them on standard input.

For each number of a kernel in the list it prints one line: nothing if the kernel is compiled, else why it is not. It
ends with its standard input, also if the process that asks is killed.
"""

import gc
import sys

from numba.core.errors import NumbaError

from streams.kernels.kernel_list import listed_kernels

_OBJECTS_BETWEEN_COLLECTIONS = 500_000
"""New objects after which Python looks for garbage; its own number is 700. With this one a process takes up to 0.5 GB
(measured)."""


def main() -> None:
    """Compile what is asked for."""
    # numba makes many objects and few cycles of them: to look for those took a twentieth of the time (measured)
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
    kernels = listed_kernels()
    for line in sys.stdin:
        kernel = kernels[int(line)]
        fault = ""
        try:
            kernel.compile()
        except (NumbaError, TypeError, ValueError) as error:
            first = str(error).strip().partition("\n")[0]
            fault = f"{kernel}: {first}"
        print(fault, flush=True)


if __name__ == "__main__":
    main()
