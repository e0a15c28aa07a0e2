"""How long to wait before a child is started again."""

from dataclasses import dataclass


@dataclass
class BackOff:
    """Waits double from child to child that dies young; one that lived long begins anew.

    Attributes
    ----------
    first, most
        The shortest and the longest wait, in seconds.
    well_after
        Seconds after which a child counts as well.
    """

    first: float = 1.0
    most: float = 60.0
    well_after: float = 60.0

    def __post_init__(self) -> None:
        self._next = self.first

    def after(self, lived: float) -> float:
        """Seconds to wait after the death of a child that lived so many."""
        if lived >= self.well_after:
            self._next = self.first
        wait = self._next
        self._next = min(2 * wait, self.most)
        return wait
