"""One label for a whole image, for classifiers: the class of the object that dominates it."""

from collections.abc import Sequence

import numpy as np

from minifcn.checks import function, instance, shown, whole
from minifcn.data.dataset import VOID, Dataset, Sample, View
from minifcn.data.transforms import Augmentation, check_pair
from minifcn.errors import InputError


def dominant(classes: Sequence[str]) -> Augmentation:
    """An augmentation: the image as it is, its label one number, the class of more than half of the labelled pixels.

    classes  the data set's; a first one named "background" does not count
    The new label is uint8 (), void where no class has more than half.
    """
    instance(classes, "dominant: classes", (list, tuple), "a list of names")
    if not classes or not all(isinstance(name, str) for name in classes):
        raise InputError(f"dominant: classes are {shown(classes)}, expected names, one at least")
    first = int(classes[0] == "background")

    def name_the_object(image, label, rng):
        check_pair(image, label)
        counts = np.bincount(label[label != VOID], minlength=len(classes))
        counts[:first] = 0
        largest = counts.argmax()
        return image, np.uint8(largest if 2 * counts[largest] > counts.sum() else VOID)

    return name_the_object


class Augmented(View):
    """A data set as an augmentation shows it, the same at every look.

    seed  with a pair's number it fixes what is drawn for the pair
    """

    def __init__(self, dataset: Dataset, augmentation: Augmentation, seed: int = 0):
        super().__init__(dataset)
        self.augmentation = function(augmentation, "Augmented: augmentation", "a function of image, label and rng")
        self.seed = whole(seed, "Augmented: seed")

    def load(self, index: int) -> Sample:
        return self.augmentation(*self.dataset[index], np.random.default_rng([self.seed, index]))
