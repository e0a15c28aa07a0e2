"""Work on several threads whose results come in order; compiled loops and NumPy let others run."""

import sys
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from functools import lru_cache
from typing import Any, Literal, TypeVar

from threadpoolctl import ThreadpoolController

THREADS = 2
"""What the stages of one machine take."""
_Task = TypeVar("_Task")
_Result = TypeVar("_Result")


def side_by_side(
    work: Callable[[_Task], _Result],
    tasks: Iterable[_Task],
    threads: int = THREADS,
    ahead: int | None = None,
) -> Generator[_Result, None, None]:
    """Give what each task comes to, in their order, while the next ones are worked on.

    What comes does not depend on the number of threads. At most `ahead` tasks are begun or wait
    beyond the one whose result is taken, by default one for each thread. While they come, matrix
    products of this process stay on one thread each: of more, the sums are others in the last
    place, and threads would wait for each other.

    Raises
    ------
    Whatever a task does, in its turn; those that have not begun are given up.
    """
    waiting: deque[Future[_Result]] = deque()
    with on_one_thread("blas"), ThreadPoolExecutor(threads) as pool:
        try:
            for task in tasks:
                waiting.append(pool.submit(work, task))
                if len(waiting) > (threads if ahead is None else ahead):
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)


def on_one_thread(kind: Literal["blas"] | None = None) -> AbstractContextManager[Any]:
    """Keep the libraries of this process that would take more threads on one.

    Parameters
    ----------
    kind
        Only those for matrix products; without, those of OpenMP too.
    """
    limiter: AbstractContextManager[Any] = _libraries(len(sys.modules)).limit(
        limits=1, user_api=kind
    )
    return limiter


@lru_cache(maxsize=1)
def _libraries(_modules: int) -> ThreadpoolController:
    """What is loaded: looked through once more only after something has been imported."""
    return ThreadpoolController()
