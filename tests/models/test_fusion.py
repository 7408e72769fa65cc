"""Forward and backward through the three networks: how scores are added up, and gradients shared out.

What the layers compute is tested with the layers; here they are tiny and it is how they are put together that counts.
"""

import numpy as np
import pytest
from networks import SKIPS, filled, tiny

from minifcn.models import FCN8s, FCN32s


def bias_only(model, **biases):
    """Scores that are the same at every pixel of their map: {score layer: number}."""
    for name, layer in model.astype("float64").children():
        if name.startswith("score"):
            layer.weight.data[...] = 0
            layer.bias.data[...] = biases.get(name, 0)
    return model


def upsample(line, stride):
    """Bilinear, along one axis: every number lays a tent 2 strides wide."""
    tent = 1 - np.abs(np.arange(2 * stride) - (stride - 0.5)) / stride
    out = np.zeros((len(line) + 1) * stride)
    for i, value in enumerate(line):
        out[i * stride : (i + 2) * stride] += value * tent
    return out


def test_scores_add_up_and_fade_where_the_coarse_map_ends():
    """At 5x40 pixels, padding 100: each constant map upsampled and cropped by hand, along rows and columns."""
    model = bias_only(tiny(FCN8s), score_fr=1000, score_pool4=-30, score_pool3=7)
    expected = 0
    for weight, steps, sizes in (
        (1000, [(2, 0), (2, 0), (8, 31)], (1, 2)),  # 5 + 198 pixels: 7 after pool5, fc6 leaves 1; 40 + 198: 8, 2
        (-30, [(2, 0), (8, 31)], (4, 6)),
        (7, [(8, 31)], (10, 14)),
    ):
        lines = []
        for size, pixels in zip(sizes, (5, 40)):
            line = np.ones(size)
            for stride, first in steps:
                line = upsample(line, stride)[first:]
            lines.append(line[:pixels])
        expected = expected + weight * np.outer(*lines)
    scores = model(np.random.default_rng(0).standard_normal((1, 3, 5, 40)))
    np.testing.assert_allclose(scores[0], np.stack([expected] * 2), rtol=1e-12)


def test_zero_initialised_score_layers_give_zero_scores(net):
    model = tiny(net, "same")
    images = np.random.default_rng(0).standard_normal((1, 3, 40, 33)).astype("float32")
    scores = model(images)
    assert scores.dtype == "float32" and not scores.any()
    model.backward(np.random.default_rng(1).standard_normal(scores.shape).astype("float32"))
    grads = {name: parameter.grad.any() for name, parameter in model.named_parameters()}
    for name in ["score_fr", *SKIPS[net]]:
        assert grads[f"{name}.weight"] and grads[f"{name}.bias"]


def test_gradients_follow_both_ways_at_every_fork(net, padding):
    """Along a random direction of all inputs and parameters, against central differences."""
    model = filled(tiny(net, padding, upsampling="learned"))
    rng = np.random.default_rng(4)
    images = rng.standard_normal((1, 3, 5, 9))
    dscores = rng.standard_normal((1, 2, 5, 9))
    arrays = [images, *(parameter.data for parameter in model.parameters())]
    steps = [rng.standard_normal(array.shape) * 1e-6 for array in arrays]

    def moved(by):
        for array, step in zip(arrays, steps):
            array += by * step
        return (model(images) * dscores).sum()

    expected = (moved(1) - moved(-2)) / 2
    moved(1)
    gradients = [model.backward(dscores), *(parameter.grad for parameter in model.parameters())]
    assert all(gradient.any() for gradient in gradients)
    slope = sum((gradient * step).sum() for gradient, step in zip(gradients, steps, strict=True))
    assert slope == pytest.approx(expected, rel=1e-5)


def test_a_second_backward_adds():
    model = filled(tiny(FCN8s, "same"))
    model(np.random.default_rng(5).standard_normal((1, 3, 9, 6)))
    dscores = np.random.default_rng(6).standard_normal((1, 2, 9, 6))
    dimages = model.backward(dscores)
    once = [parameter.grad.copy() for parameter in model.parameters()]
    np.testing.assert_array_equal(model.backward(dscores), dimages)
    for parameter, grad in zip(model.parameters(), once, strict=True):
        np.testing.assert_array_equal(parameter.grad, 2 * grad)


def test_evaluation_keeps_nothing_anywhere(net):
    model = filled(tiny(net, "same"))
    image = np.ones((1, 3, 4, 4))
    model(image)
    model.eval()(image)
    assert all(layer._kept is None for layer in model.layers())
    with pytest.raises(RuntimeError, match=f"{net.__name__}: backward needs a forward pass"):
        model.backward(np.ones((1, 2, 4, 4)))


def test_dropout_works_after_fc6_and_fc7_while_training_only():
    model = filled(tiny(FCN32s, "same", dropout=0.5, fc_channels=16))
    image = np.ones((1, 3, 4, 4))
    model.reseed(1)
    first, second = model(image), model(image)
    assert (first != second).any()
    model.reseed(1)
    np.testing.assert_array_equal(model(image), first)
    model.eval()
    np.testing.assert_array_equal(model(image), model(image))
    order = " ".join(name for name, _ in model.children())
    assert order.endswith(" pool5 fc6 relu6 drop6 fc7 relu7 drop7 score_fr upscore crop")
    assert [layer.p for name, layer in model.children() if name.startswith("drop")] == [0.5, 0.5]


def test_training_alone_needs_no_gradient_of_the_images_and_backward_but_once():
    """The parameters' gradients are the same."""
    images = np.random.default_rng(0).standard_normal((1, 3, 20, 30))
    whole, alone = filled(tiny(FCN8s, "same")), filled(tiny(FCN8s, "same")).train_only()
    dscores = np.random.default_rng(1).standard_normal(whole(images).shape)
    alone(images)
    assert whole.backward(dscores).shape == images.shape
    assert alone.backward(dscores) is None
    for one, other in zip(whole.parameters(), alone.parameters()):
        np.testing.assert_array_equal(one.grad, other.grad)
    assert all(layer._kept is None for layer in alone.layers())
    with pytest.raises(RuntimeError, match="backward needs a forward pass in training mode first"):
        alone.backward(dscores)


def test_recomputing_the_maps_gives_the_same_gradients():
    images = np.random.default_rng(0).standard_normal((1, 3, 20, 30))
    models = filled(tiny(FCN8s, "same", dropout=0.5)), filled(tiny(FCN8s, "same", dropout=0.5)).recompute_maps()
    dscores = np.random.default_rng(1).standard_normal((1, 2, 20, 30))
    for model in models:
        model.reseed(1)
    np.testing.assert_array_equal(*(model(images) for model in models))
    np.testing.assert_array_equal(*(model.backward(dscores) for model in models))
    for one, other in zip(*(model.parameters() for model in models), strict=True):
        np.testing.assert_array_equal(one.grad, other.grad)
