"""A training's pictures while it trains: drawn anew after its epochs, as files and for TensorBoard."""

import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from PIL import Image

from minifcn.errors import InputError, caution
from minifcn.pictures.runs import draw_run
from minifcn.text import one_line
from minifcn.training.run_folder import BOARD, PICTURES, PREDICTIONS
from minifcn.training.trainer import Trainer
from minifcn.training.watch import Watch

TIMES = 10  # as long as the last drawing took, or more, goes by until the next
FIRST = 1.0  # seconds, as if a first drawing had taken so long


class Picturing(Watch):
    """Does something after an epoch of a run that may fail, a full disk say, without harm to the training."""

    what: str  # then comes to an end

    def __init__(self, run: Trainer):
        self.run, self.failed = run, False

    def epoch(self, row: dict[str, Any], epochs: int) -> None:
        try:
            self.picture(row, last=row["epoch"] == epochs)
        except Exception as error:  # whatever it is: hours of training are worth more than a picture
            if not self.failed:
                caution(f"{error} ({self.what}); the training goes on")
            self.failed = True

    def picture(self, row: dict[str, Any], last: bool) -> None:
        """Do it; `row` is the epoch's line of the history."""
        raise NotImplementedError


class Pictures(Picturing):
    """Draws a run's pictures after each epoch, the last one at any rate: short epochs share a drawing."""

    what = "pictures are not drawn"

    def __init__(self, run: Trainer):
        super().__init__(run)
        self.drawn, self.took = time.monotonic(), FIRST

    def picture(self, row: dict[str, Any], last: bool) -> None:
        begun = time.monotonic()
        if last or begun - self.drawn >= TIMES * self.took:
            try:
                draw_run(self.run)
            finally:
                self.drawn = time.monotonic()
                self.took = self.drawn - begun


class Board(Picturing):
    """Writes a run's curves, each class's IU, and the pictures that are new, for TensorBoard; to be closed.

    Raises InputError where tensorboardX is not installed.
    """

    what = "nothing more is written for TensorBoard"

    def __init__(self, run: Trainer):
        super().__init__(run)
        try:
            from tensorboardX.event_file_writer import EventsWriter
            from tensorboardX.proto.event_pb2 import Event
            from tensorboardX.proto.summary_pb2 import Summary
        except (ImportError, TypeError) as error:  # the latter from an old one beside a new protobuf
            why = str(error).splitlines()[0].rstrip(".")
            raise InputError(f"--tensorboard: {why}: pip install --upgrade 'minifcn[tensorboard]'") from error
        # Not its SummaryWriter: that writes from another thread, whose failure would leave the training waiting.
        self.new_file, self.new_event, self.new_summary = EventsWriter, Event, Summary
        self.file: Any = None
        self.shown: dict[Path, float] = {}  # when each picture was drawn

    def picture(self, row: dict[str, Any], last: bool) -> None:
        if self.failed:
            return
        if self.file is None:
            folder = self.run.folder.path / BOARD
            folder.mkdir(exist_ok=True)
            self.file = self.new_file(str(folder / "events"), f".{row['epoch']}")
        values = [self.new_summary.Value(tag=tag, simple_value=value) for tag, value in self._scalars(row)]
        values += [self.new_summary.Value(tag=path.stem, image=self._image(path)) for path in self._new_pictures()]
        summary = self.new_summary(value=values)
        self.file.write_event(self.new_event(wall_time=time.time(), step=row["epoch"], summary=summary))
        self.file.flush()

    def close(self) -> None:
        """Nothing more is to come."""
        if self.file is not None:
            self.file.close()

    def _scalars(self, row: dict[str, Any]) -> Iterator[tuple[str, float]]:
        yield from ((name, value) for name, value in row.items() if name != "epoch")
        for name, iu in zip(self.run.training.classes, self.run.confusion.iu_per_class):
            if not math.isnan(iu):
                yield f"IU/{one_line(name)}", float(iu)

    def _new_pictures(self):
        for path in (self.run.folder.path / name for name in PICTURES):
            if path.exists() and path.stat().st_mtime != self.shown.get(path):
                self.shown[path] = path.stat().st_mtime
                yield path

    def _image(self, path):
        with Image.open(path) as picture:
            (width, height), channels = picture.size, len(picture.getbands())
        encoded = path.read_bytes()
        return self.new_summary.Image(width=width, height=height, colorspace=channels, encoded_image_string=encoded)


def pictures_are_old(run: Trainer) -> bool:
    """Whether a picture of the run is missing, or older than its weights."""
    maps = run.validation[0][1].ndim == 2  # labels of whole images have no predictions to show
    there = [run.folder.path / name for name in PICTURES if maps or name != PREDICTIONS]
    saved = run.folder.last.stat().st_mtime
    return not all(path.exists() and path.stat().st_mtime >= saved for path in there)
