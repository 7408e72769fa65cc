"""What a network makes of a photograph, at the photograph's own size, whatever size the network sees it at."""

from collections.abc import Iterator

import numpy as np
from PIL import Image

from minifcn.backend import Array, array_module, to_device, to_host
from minifcn.data.images import Preprocessing
from minifcn.data.resizing import Size, resize_image, resized
from minifcn.metrics import predicted_classes
from minifcn.models.tiles import BAND, Tiled


def predict_photo(
    network: Tiled,
    image: np.ndarray,
    preprocessing: Preprocessing,
    device: str = "cpu",
    size: Size | None = None,
    probabilities: bool = False,
) -> tuple[np.ndarray, np.ndarray | None]:
    """The class of every pixel of an image uint8 (H, W, 3) -> (uint8 (H, W), None).

    size           what the network sees the image at; None: its own size
    probabilities  give each class's too, the softmax of the scores, float16 (n_class, H, W), instead of None
    Raises InputError for an image smaller than the network's geometry admits.
    """
    label = np.empty(image.shape[:2], np.uint8)
    softmax = None
    for rows, scores in photo_scores(network, image, preprocessing, device, size):
        label[rows] = to_host(predicted_classes(scores, axis=0))
        if probabilities:
            if softmax is None:
                softmax = np.empty((len(scores), *label.shape), np.float16)
            softmax[:, rows] = to_host(_softmax(scores).astype("float16"))
    return label, softmax


def photo_scores(
    network: Tiled, image: np.ndarray, preprocessing: Preprocessing, device: str = "cpu", size: Size | None = None
) -> Iterator[tuple[slice, Array]]:
    """(rows, scores (n_class, rows, W)), band by band from the top: never all at once in memory.

    They are on the device, and on the host where they had to be brought back to the photo's size.
    """
    shape = image.shape[:2]
    seen = image if size is None else resize_image(image, resized(size, shape))

    def read(rows, cols):
        return to_device(preprocessing(seen[rows, cols])[None], device)

    bands = network.scores(seen.shape[:2], read)
    if seen.shape == image.shape:
        yield from bands
    else:
        # It is the scores that are brought back to the photo's size, smoothly. Borders then run between the pixels that
        # the network saw; the label map, enlarged by nearest, would have stairs as large as those pixels.
        yield from _resize_scores(np.concatenate([to_host(scores) for _, scores in bands], axis=1), shape)


def _resize_scores(scores, shape):
    """Scores (n_class, h, w) at (H, W), band by band; pixels' centres lie where `resize_image` has them."""
    n_class, h, w = scores.shape
    height, width = shape
    planes = [Image.fromarray(plane) for plane in scores]
    step = max(1, BAND // (n_class * width))
    for start in range(0, height, step):
        stop = min(start + step, height)
        box = 0, start * h / height, w, stop * h / height
        bands = [plane.resize((width, stop - start), Image.Resampling.BILINEAR, box) for plane in planes]
        yield slice(start, stop), np.stack([np.asarray(band) for band in bands])  # (n_class, rows, W)


def _softmax(scores):
    """Scores (n_class, h, w) -> probabilities, of the same shape."""
    exponentials = array_module(scores).exp(scores - scores.max(axis=0))
    return exponentials / exponentials.sum(axis=0)
