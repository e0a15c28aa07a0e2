"""Loading what takes seconds to load."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def loading() -> Iterator[None]:
    """Look for no garbage while modules are loaded, nor among them later: there is none.

    To look takes a fifth of the time of loading. What is there stays for the rest of the process.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
