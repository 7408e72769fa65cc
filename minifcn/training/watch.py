"""Who is told what a training does."""

from typing import Any


class Watch:
    """Is told, and keeps silent. `minifcn.commands.terminal` has one that shows bars and lines."""

    def begin(self, what: str, images: int) -> None:
        """An epoch, or its validation, begins, of so many images."""

    def advance(self, images: int, loss: float | None = None) -> None:
        """So many images more are done; while training, with the epoch's loss per pixel so far."""

    def epoch(self, row: dict[str, Any], epochs: int) -> None:
        """One of so many epochs is done, measured and saved; `row` is its line of the history."""


class Watches(Watch):
    """Several, told one after the other."""

    def __init__(self, *watches: Watch):
        self.watches = watches

    def begin(self, what: str, images: int) -> None:
        for watch in self.watches:
            watch.begin(what, images)

    def advance(self, images: int, loss: float | None = None) -> None:
        for watch in self.watches:
            watch.advance(images, loss)

    def epoch(self, row: dict[str, Any], epochs: int) -> None:
        for watch in self.watches:
            watch.epoch(row, epochs)
