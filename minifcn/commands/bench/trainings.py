"""Whether a GPU learns what the CPU does, and always the same: small trainings of FCN-8s, beginning to end."""

import tempfile
import warnings
from functools import cache, partial
from pathlib import Path

import numpy as np

from minifcn.backend.kernels import kernels_wanted
from minifcn.commands.bench.right import NETWORK, Rows, Ways, by_way, difference
from minifcn.data import open_dataset
from minifcn.errors import Caution
from minifcn.models import MODELS
from minifcn.optim import SGD, fixed
from minifcn.training.fit import fit
from minifcn.training.settings import Settings
from minifcn.training.stopping import Stopped
from minifcn.training.trainer import Trainer
from minifcn.training.watch import Watch

# Of losses beside the CPU's: a step feeds on the differences of those before it, so rounding grows from step to step.
LIMITS = {"float64": 1e-8, "float32": 1e-3}
STEPS = 20


def trainings(ways: Ways) -> Rows:
    """The losses of 20 steps beside the CPU's, and whether the same comes twice, and after a stop, bit for bit."""
    for dtype, limit in LIMITS.items():
        error = partial(_losses_error, dtype)
        yield f"losses of {STEPS} steps, {dtype}, beside the CPU's", partial(by_way, ways, error, {"": limit})
    with tempfile.TemporaryDirectory() as folder:
        once = cache(lambda kernels: _trained(Path(folder, f"once {kernels}")))
        for what, stop in ((f"{STEPS} steps twice, bit for bit", None), ("stopped half-way and resumed", STEPS // 2)):
            error = partial(_repeat_error, once, Path(folder, what), stop)
            yield what, partial(by_way, ways, error, {"": 0.0})


def _losses_error(dtype, _):
    return difference(_losses("gpu", dtype), _losses("cpu", dtype))


def _repeat_error(once, folder, stop, _):
    """How far the weights of two runs are apart, with kernels or without as it is now."""
    kernels = kernels_wanted()
    return difference(_trained(folder / f"{kernels}", stop), once(kernels))


def _losses(device, dtype):
    """{"losses": those of a training of FCN-8s, two scenes a step}."""
    scenes, _ = _scenes()
    images, labels = zip(*(scenes[number] for number in range(len(scenes))))
    inputs = (np.stack(images).transpose(0, 3, 1, 2) / 128 - 1).astype(dtype)  # (N, 3, H, W)
    batches = zip(inputs.reshape(STEPS, 2, *inputs.shape[1:]), np.stack(labels).reshape(STEPS, 2, *labels[0].shape))
    model = MODELS["fcn8s"](**NETWORK | {"n_class": scenes.n_class}).astype(dtype).to(device)
    optimizer = SGD(model.parameters(), 0.01, 0.9, 5e-4)
    return {"losses": np.array([step.loss for step in fit(model, batches, optimizer, fixed(0.01), device=device)])}


def _trained(folder, stop=None):
    """The weights of a trainer's run on the GPU, stopped after so many steps and gone on with."""
    scenes = _scenes()
    settings = Settings(model="fcn8s", width=1 / 16, fc_channels=8, batch_size=2, epochs=1)

    def trainer(resume):
        return Trainer(settings, folder, "gpu", resume=resume, datasets=scenes)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Caution)  # a network of a few steps has learned nothing
        run = trainer(False)
        try:
            run.run(_StopAfter(run, stop))
        except Stopped:
            run = trainer(True)
            run.run()
    return run.model.state_dict()


def _scenes():
    """(training, validation)."""
    return tuple(open_dataset("scenes", split=s, size=32, count=n) for s, n in (("train", 2 * STEPS), ("val", 2)))


class _StopAfter(Watch):
    """Asks a run to stop in the step of this number, None: never."""

    def __init__(self, run, number):
        self.run, self.left = run, number

    def advance(self, images, loss=None):
        if loss is not None and self.left is not None:  # a step, and no picture that is validated
            self.left -= 1
            if not self.left:
                self.run.stop()
