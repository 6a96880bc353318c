"""A part of the global buffer: words that are taken before they are filled and given back when nobody needs them."""

from collections.abc import Callable

import simpy


class Buffer:
    """Some banks of the GLB, with their capacity enforced.

    Whoever wants room waits for it with :meth:`room`; ``on_release`` is called whenever words are given back.
    """

    def __init__(self, env: simpy.Environment, name: str, capacity: int) -> None:
        self.env = env
        self.name = name
        self.capacity = capacity
        self.level = 0
        self.peak = 0
        self.on_release: Callable[[], None] | None = None
        self._released: simpy.Event | None = None

    def has_room(self, words: int) -> bool:
        return self.level + words <= self.capacity

    def take(self, words: int) -> None:
        """Take room that is there.

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
        """Return room that was taken.

        Raises
        ------
        RuntimeError
            More words than there are.
        """
        if words > self.level:
            raise RuntimeError(f"{self.name} holds {self.level} words; cannot give back {words}")
        self.level -= words
        if self._released is not None:
            self._released.succeed()
            self._released = None
        if self.on_release is not None:
            self.on_release()

    def released(self) -> simpy.Event:
        """The next time that words are given back."""
        if self._released is None:
            self._released = self.env.event()
        return self._released
