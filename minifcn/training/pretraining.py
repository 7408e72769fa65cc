"""Training a classifier on labels of whole images, before surgery makes an FCN of it (paper, section 4.1; slides
"Pretrained BackBone Networks").

The images are those of a segmentation's data set; the label of each is the class of the object that dominates it.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from minifcn.backend import Array
from minifcn.data import Augmented, Dataset, compose, crop, dominant, open_splits
from minifcn.data.looking.inspection import shown_classes
from minifcn.data.transforms import Augmentation
from minifcn.errors import InputError, caution
from minifcn.machines.together import in_first
from minifcn.models import BACKBONES
from minifcn.training.criterion import PixelLoss
from minifcn.training.settings import PretrainSettings
from minifcn.training.trainer import Trainer

AUXILIARY_SHARE = 0.3  # of GoogLeNet's auxiliary losses (Szegedy et al. 2014, section 5)


class Pretrainer(Trainer):
    """A `Trainer` of a classifier: random crops go in, and one label for each comes out.

    The validation images are crops too, the same ones each time.
    """

    settings: PretrainSettings
    networks = BACKBONES
    figures = ("accuracy", "pixel_accuracy"), ("mean_accuracy", "mean_accuracy")
    best_figure = "accuracy"

    def __init__(self, settings: PretrainSettings, *where: Any, **how: Any):
        super().__init__(settings, *where, **how)
        view = compose(crop(settings.crop), dominant(self.validation.classes))
        seen, self.validation = (Augmented(part, view, settings.seed) for part in (self.training, self.validation))
        if not self.begun:
            in_first(self.group, lambda: _check_objects(seen, self.validation, settings.crop))

    def open_data(self, own: dict | None = None) -> Sequence[Dataset]:
        """Scenes have one object each, which fills much of them."""
        if self.settings.data == "scenes":
            return open_splits("scenes", self.settings.root, dominant=True)
        return super().open_data(own)

    def make_model(self) -> Any:
        model = super().make_model()
        for name in model.outputs[True]:
            # Random scores make the first steps so large that many ReLUs stay shut.
            weight = model.named[name].weight
            weight.load(np.zeros(weight.shape, weight.dtype))
        return model

    def make_augmentation(self) -> Augmentation:
        return compose(super().make_augmentation(), dominant(self.training.classes))

    def make_criterion(self, weights: Array | None) -> PixelLoss:
        kind = AuxiliaryLoss if self.settings.auxiliary else PixelLoss
        return kind(self.settings.loss, weights)


def _check_objects(seen, validation, crop):
    """InputError where there are no two classes of objects to tell apart, a caution where no two dominate images."""
    if len(objects := [name for name in seen.classes if name != "background"]) < 2:
        alone = f"{seen.name} has one class of objects, {objects[0]!r}, which then dominates every image"
        raise InputError(f"{alone}: a classifier is always right and learns nothing; leave pretraining out")
    for part, purpose in ((seen, "train"), (validation, "validate")):
        classes, _, looked = shown_classes(part)
        crops = f"{looked} crops of {crop}x{crop} pixels of {part.name} that {purpose}"
        if not classes:
            raise InputError(f"no object fills more than half of what is labelled in {crops}: give another --crop")
        if len(classes) == 1 and part is seen:
            only = f"in all {crops} {seen.classes[min(classes)]!r} dominates: its figures tell nothing"
            larger = "give a larger --crop, or " * (crop < min(seen.dataset[0][1].shape))
            caution(f"{only}; {larger}name the first class 'background' if it is no object")


class AuxiliaryLoss(PixelLoss):
    """GoogLeNet's loss: that of its last scores, and a share of that of each auxiliary classifier's. Told is the first.

    loss = criterion((scores, *others), labels, divisor)
    dscores, *dothers = criterion.backward(share)
    """

    def __init__(self, reduction: str = "mean", class_weights: Array | None = None):
        super().__init__(reduction, class_weights)
        self.others = [PixelLoss(reduction, class_weights) for _ in range(2)]

    def __call__(self, scores: tuple[Array, ...], labels: Array, divisor: float) -> float:
        scores, *others = scores
        loss = super().__call__(scores, labels, divisor)
        auxiliary = [criterion(s, labels, divisor) for criterion, s in zip(self.others, others, strict=True)]
        return loss if all(map(math.isfinite, auxiliary)) else math.nan

    def backward(self, share: float = 1.0) -> tuple[Array, ...]:
        return super().backward(share), *(criterion.backward(share * AUXILIARY_SHARE) for criterion in self.others)
