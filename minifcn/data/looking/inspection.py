"""A data set looked at before anything is trained: every pair once, and whether a network could learn from it."""

import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from minifcn.data.dataset import VOID, Dataset
from minifcn.data.looking.look import Look, look_at
from minifcn.data.reading.class_names import TOO_MANY
from minifcn.data.resizing import Resized
from minifcn.errors import Caution, InputError, caution

THREADS = 2


@dataclass(frozen=True)
class Inspection:
    """All that was seen of a data set.

    dataset   one of its splits, for names and colours
    looks     {split: a `Look` a pair, in their order}
    cautions  that were given while the pairs were read
    """

    dataset: Dataset
    looks: dict[str, list[Look]]
    cautions: list[str]

    @property
    def classes(self) -> tuple[str, ...]:
        return self.dataset.classes

    @property
    def all(self) -> list[Look]:
        """The looks of all splits."""
        return [look for looks in self.looks.values() for look in looks]

    def read(self, split: str) -> list[Look]:
        """The pairs of a split that can be read."""
        return [look for look in self.looks[split] if not look.error]

    def pixels(self, split: str) -> np.ndarray:
        """How many pixels of a split have each label, int64 (256,)."""
        return sum((look.pixels for look in self.read(split)), np.zeros(VOID + 1, np.int64))

    def images(self, split: str) -> np.ndarray:
        """How many pictures of a split show each label, int64 (256,)."""
        return sum((look.pixels > 0 for look in self.read(split)), np.zeros(VOID + 1, np.int64))

    def colour(self, split: str) -> np.ndarray:
        """The mean R, G, B of a split's pixels, float64 (3,); zeros where no pair can be read."""
        looks = self.read(split)
        weights = [int(look.pixels.sum()) for look in looks]
        return np.average([look.colour for look in looks], axis=0, weights=weights) if looks else np.zeros(3)

    def sizes(self, split: str) -> Counter[tuple[int, int]]:
        """How many pictures of a split have which (height, width)."""
        return Counter(look.size for look in self.read(split))


def inspect(splits: dict[str, Dataset], advance: Callable[[int], object] = lambda pairs: None) -> Inspection:
    """Read every pair of these splits of one data set. `advance(1)` is called after each."""
    with warnings.catch_warnings(record=True) as caught, ThreadPoolExecutor(THREADS) as pool:
        warnings.simplefilter("always", Caution)
        looks: dict[str, list[Look]] = {}
        for split, dataset in splits.items():
            looks[split] = []
            for look in pool.map(look_at, [dataset] * len(dataset), [split] * len(dataset), range(len(dataset))):
                looks[split].append(look)
                advance(1)
    given = [str(warning.message) for warning in caught if issubclass(warning.category, Caution)]
    return Inspection(next(iter(splits.values())), looks, list(dict.fromkeys(given)))


def check_learnable(training: Dataset, validation: Dataset) -> None:
    """InputError for data that no network learns from, or whose validation has nothing to count.

    Looks at labels spread over the data set, until they have shown two classes: one will do, as a rule, and all are
    read only where all others show but one. A validation of one class is allowed, and pictures that train and validate,
    with a caution.
    """
    if training.n_class < 2:
        raise InputError(one_class(training))
    if training.n_class > VOID:
        raise InputError(f"{training.name} has {training.n_class} classes; {TOO_MANY}")
    classes, void, looked = shown_classes(training)
    if len(classes) < 2:
        if isinstance(training, Resized) and len(shown_classes(training.dataset)[0]) > 1:
            size = "x".join(map(str, training.size))
            raise InputError(f"--size {size}: labels of {training.name} show one class at that size: give a larger one")
        raise InputError(nothing_to_learn(training, classes, void, looked))
    _caution_of_shared(training, validation)
    classes, _, looked = shown_classes(validation)
    if not classes:
        raise InputError(
            f"every pixel of the {looked} labels that validate is void ({VOID}): there is nothing to count"
        )
    if len(classes) < 2:
        only = f"every labelled pixel that validates is {training.classes[min(classes)]!r}"
        caution(f"{only}: its figures tell nothing of other classes; let more pictures validate")


def _caution_of_shared(training, validation):
    ours = {training.picture(index) for index in range(len(training))} - {None}
    if shared := [path for index in range(len(validation)) if (path := validation.picture(index)) in ours]:
        count = "1 picture trains and validates" if len(shared) == 1 else f"{len(shared)} pictures train and validate"
        caution(f"{count}, {shared[0]} first: val's figures flatter; leave each in one list")


def one_class(dataset: Dataset) -> str:
    """Why a network of one class is none."""
    of = f"{dataset.name} has one class, {dataset.classes[0]!r}" if dataset.classes else f"{dataset.name} has no class"
    why = "its softmax is exp(x) / exp(x) = 1 whatever the weights are, so it is always right and learns nothing"
    return f"{of}: {why}; two-tone masks give two, background and object: name both, or neither"


def nothing_to_learn(dataset: Dataset, classes: Sequence[int] | set[int], void: bool, labels: int) -> str:
    """What is wrong with labels, so many, that show one of several classes, or none."""
    if not classes:
        return f"every pixel of {labels} labels of {dataset.name} is void ({VOID}): there is nothing to learn"
    only = f"every pixel of {labels} labels of {dataset.name} is {dataset.classes[min(classes)]!r}"
    if void and min(classes) == 0:
        ways = "--data folder reads two-tone masks as background and object, where no more classes are named"
        return f"{only} or void ({VOID}), as in masks of 0 and {VOID} that are read as numbers: {ways}"
    return f"{only}{' or void' * void}: there is nothing to tell it from; check the masks"


def shown_classes(dataset: Dataset) -> tuple[set[int], bool, int]:
    """(the classes that labels show, up to the label with the second; whether void; how many labels were read)."""
    classes: set[int] = set()
    void = False
    for looked, index in enumerate(_spread(len(dataset)), start=1):
        labels = np.unique(dataset[index][1]).tolist()
        void |= VOID in labels
        classes |= {*labels} - {VOID}
        if len(classes) > 1:
            return classes, void, looked
    return classes, void, len(dataset)


def _spread(count):
    """0 .. count - 1, each number far from those before it."""
    digits = max(count - 1, 1).bit_length()
    backwards = (int(f"{number:0{digits}b}"[::-1], 2) for number in range(1 << digits))
    return (number for number in backwards if number < count)
