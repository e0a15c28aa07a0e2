"""Compiles loops, and keeps what was compiled on disk where there is a place for it."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

Function = TypeVar("Function", bound=Callable[..., Any])


def kept_on_disk(function: Function, **options: Any) -> Function:
    """`numba.njit` of a loop, with the options that it is given.

    Where neither the package's folder nor the home can be written, such as in a container that is
    read-only, it is compiled in each process anew, which takes some seconds.
    """
    try:
        return cast("Function", numba.njit(cache=True, **options)(function))
    except RuntimeError as error:
        if "cannot cache" not in str(error):
            raise
        return cast("Function", numba.njit(**options)(function))
