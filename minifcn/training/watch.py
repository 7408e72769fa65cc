"""Who is told what a training does."""


class Watch:
    """Is told, and keeps silent. `minifcn.commands.terminal` has one that shows bars and lines."""

    def begin(self, what: str, images: int) -> None:
        """An epoch, or its validation, begins, of so many images."""

    def advance(self, images: int, loss: float | None = None) -> None:
        """So many images more are done; while training, with the epoch's loss per pixel so far."""

    def epoch(self, row: dict, epochs: int) -> None:
        """One of so many epochs is done; `row` is its line of the history."""
