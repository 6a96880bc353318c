"""A part of the global buffer: words that are taken before they are filled and given back when nobody needs them."""

from collections.abc import Callable

import simpy


class Buffer:
    """Some banks of the GLB, with their capacity enforced.

    Room is taken when a transfer into it starts, before its words are there, so that nobody else can plan with it.
    Whoever wants room that is not there waits for :meth:`released` and looks again.

    Attributes
    ----------
    env : simpy.Environment
        Whose time it is.
    name : str
        What errors and reports call it.
    capacity : int
        b_w-bit words that it holds.
    level, peak : int
        Words that are taken now, and the most so far.
    on_release : callable or None
        Called whenever words are given back.
    number : int
        By which a run's history knows it.

    Examples
    --------
    >>> buffer = Buffer(simpy.Environment(), "GLB for psums", capacity=10)
    >>> buffer.take(7)
    >>> buffer.has_room(4), buffer.level
    (False, 7)
    """

    def __init__(self, env: simpy.Environment, name: str, capacity: int, number: int = 0) -> None:
        self.env = env
        self.name = name
        self.number = number
        self.capacity = capacity
        self.level = 0
        self.peak = 0
        self.on_release: Callable[[], None] | None = None
        self._released: simpy.Event | None = None

    def has_room(self, words: int) -> bool:
        return self.level + words <= self.capacity

    def take(self, words: int) -> None:
        """Take room for so many words that is there.

        Raises
        ------
        RuntimeError
            There is not that much room.
        """
        if not self.has_room(words):
            raise RuntimeError(f"{self.name} holds {self.level} of {self.capacity} words; {words} more do not fit")
        self.level += words
        self.peak = max(self.peak, self.level)

    def give_back(self, words: int) -> None:
        """Return room that was taken, and wake whoever waits for some.

        Raises
        ------
        RuntimeError
            More words than there are.
        """
        if words > self.level:
            raise RuntimeError(f"{self.name} holds {self.level} words; cannot give back {words}")
        self.level -= words
        # an event happens once: whoever finds that there is still too little room asks for a new one
        if self._released is not None:
            self._released.succeed()
            self._released = None
        if self.on_release is not None:
            self.on_release()

    def released(self) -> simpy.Event:
        """The next time that words are given back; all who wait share the event."""
        if self._released is None:
            self._released = self.env.event()
        return self._released
