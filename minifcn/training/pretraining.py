"""Training a classifier on labels of whole images, before surgery makes an FCN of it (paper, section 4.1; slides
"Pretrained BackBone Networks").

The images are those of a segmentation's data set; the label of each is the class of the object that dominates it.
"""

from minifcn.data import Augmented, compose, crop, dominant, open_dataset
from minifcn.layers.sequential import skip_frozen
from minifcn.models import BACKBONES
from minifcn.training.settings import PretrainSettings
from minifcn.training.trainer import Trainer

AUXILIARY_SHARE = 0.3  # of GoogLeNet's auxiliary losses (Szegedy et al. 2014, section 5)


class Pretrainer(Trainer):
    """A `Trainer` of a classifier: random crops go in, and one label for each comes out.

    The validation images are crops too, the same ones each time.
    """

    best_figure = "accuracy"

    def __init__(self, settings: PretrainSettings, *args, **kwargs):
        super().__init__(settings, *args, **kwargs)
        view = compose(crop(settings.crop), dominant(self.validation.classes))
        self.validation = Augmented(self.validation, view, settings.seed)

    def open_data(self, split):
        """Scenes have one object each, which fills much of them."""
        large = {"dominant": True} if self.settings.data == "scenes" else {}
        return open_dataset(self.settings.data, self.settings.root, split, **large)

    def make_model(self):
        settings = self.settings
        model = BACKBONES[settings.model](self.training.n_class, seed=settings.seed, **settings.network())
        for layers in (model.head, *getattr(model, "auxiliary", {}).values()):
            *_, last = layers.named.values()
            last.weight.data[...] = 0  # random scores make the first steps so large that many ReLUs stay shut
        return model

    def prepare_model(self):
        """Compute no gradient before the first layer that learns; but auxiliary classifiers may see maps before it."""
        if not self.settings.auxiliary:
            skip_frozen((self.model.features, self.model.head))

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
