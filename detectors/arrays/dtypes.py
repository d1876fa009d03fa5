"""One short name for each array dtype, for annotations. `Int` is the type of whole numbers in kernels."""

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Bools: TypeAlias = npt.NDArray[np.bool_]
U8: TypeAlias = npt.NDArray[np.uint8]
U16: TypeAlias = npt.NDArray[np.uint16]
U32: TypeAlias = npt.NDArray[np.uint32]
U64: TypeAlias = npt.NDArray[np.uint64]
I32: TypeAlias = npt.NDArray[np.int32]
I64: TypeAlias = npt.NDArray[np.int64]
F64: TypeAlias = npt.NDArray[np.float64]

Integers: TypeAlias = npt.NDArray[np.integer[Any]]
"""An array of integers of any one dtype."""

StructArray: TypeAlias = npt.NDArray[np.void]
"""A structured array: named fields, one record a row. The dtype constant beside the code names the fields."""

Record: TypeAlias = Any
"""One record of a structured array in a kernel. Its fields are attributes; assigning to one writes into the array."""

Int: TypeAlias = int | np.integer[Any]
"""A whole number in a kernel: a Python int outside, a machine word of 64 bits or fewer inside."""
