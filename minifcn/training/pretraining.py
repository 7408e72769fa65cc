"""Training a classifier on labels of whole images, before surgery makes an FCN of it (paper, section 4.1; slides
"Pretrained BackBone Networks").

The images are those of a segmentation's data set; the label of each is the class of the object that dominates it.
"""

import dataclasses

from minifcn.data import Augmented, compose, crop, dominant, open_dataset
from minifcn.errors import InputError
from minifcn.models import BACKBONES
from minifcn.training.settings import Settings
from minifcn.training.trainer import Trainer

AUXILIARY_SHARE = 0.3  # of GoogLeNet's auxiliary losses (Szegedy et al. 2014, section 5)


@dataclasses.dataclass
class PretrainSettings(Settings):
    """What a pretraining is made of. Settings of whole-image scores only; `crop` is the classifier's image size."""

    model: str = "vgg16"
    crop: int = 96
    lr: float = 0.006
    auxiliary: bool = False  # GoogLeNet's two more losses on the way

    def check(self, models):
        super().check(models)
        if self.crop < 1:
            raise InputError(f"--crop is {self.crop}; expected at least 1 pixel each way")
        if self.auxiliary and self.model != "googlenet":
            raise InputError(f"--auxiliary: {self.model} has no auxiliary classifiers, only googlenet has")


class Pretrainer(Trainer):
    """A `Trainer` of a classifier: random crops go in, and one label for each comes out.

    The validation images are crops too, the same ones each time.
    """

    models = BACKBONES
    command = "pretrain"
    best_figure = "accuracy"

    def __init__(self, settings, *args, **kwargs):
        super().__init__(settings, *args, **kwargs)
        view = compose(crop(settings.crop), dominant(self.validation.classes))
        self.validation = Augmented(self.validation, view, settings.seed)

    def open_data(self, split):
        """Scenes have one object each, which fills much of them."""
        large = {"dominant": True} if self.settings.data == "scenes" else {}
        return open_dataset(self.settings.data, self.settings.root, split, **large)

    def make_model(self):
        settings, kind = self.settings, BACKBONES[self.settings.model]
        own = {"fc_channels": settings.fc_channels, "auxiliary": settings.auxiliary}
        del own["fc_channels" if settings.model == "googlenet" else "auxiliary"]
        model = kind(
            self.training.n_class,
            settings.width,
            dropout=settings.dropout,
            image_size=settings.crop,
            seed=settings.seed,
            **own,
        )
        for name in model.outputs[True]:
            # Random scores make the first steps so large that many ReLUs stay shut.
            model.named[name].weight.data[...] = 0
        return model

    def make_augmentation(self):
        return compose(super().make_augmentation(), dominant(self.training.classes))

    def title(self):
        return self.model.title

    def figures(self, confusion):
        return {"accuracy": confusion.pixel_accuracy, "mean_accuracy": confusion.mean_accuracy}

    def learn(self, scores, labels, share):
        """With auxiliary classifiers there are scores of three, and gradients for each."""
        if not isinstance(scores, tuple):
            return super().learn(scores, labels, share)
        scores, *others = scores
        loss, dscores = super().learn(scores, labels, share)
        return loss, (dscores, *(super(Pretrainer, self).learn(s, labels, share * AUXILIARY_SHARE)[1] for s in others))

    def draw(self):
        """No picture: there is nothing to see but the learning curve."""
