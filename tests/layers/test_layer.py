"""What every layer promises, each layer in turn; then parameters by name."""

import numpy as np
import pytest

from minifcn.errors import InputError
from minifcn.layers import (
    AvgPool2d,
    Conv2d,
    ConvTranspose2d,
    Dropout,
    Dropout2d,
    Layer,
    Linear,
    MaxPool2d,
    Parameter,
    ReLU,
    Sequential,
    ZeroPad2d,
)

IMAGES = (2, 4, 6, 5)
LAYERS = {
    "Conv2d": (lambda: Conv2d(4, 6, (3, 2), (2, 1), 1, groups=2), IMAGES),
    "Conv2d same": (lambda: Conv2d(4, 6, (2, 3), padding="same", dilation=(3, 1)), IMAGES),
    "ConvTranspose2d matrix": (lambda: ConvTranspose2d(4, 2, 3, 2, 1, 1, algorithm="matrix"), IMAGES),
    "ConvTranspose2d textbook": (lambda: ConvTranspose2d(4, 2, 3, 2, 1, 1, algorithm="textbook"), IMAGES),
    "MaxPool2d": (lambda: MaxPool2d(3, 2, 1, ceil_mode=True), IMAGES),
    "AvgPool2d": (lambda: AvgPool2d(3, 2, 1, ceil_mode=True), IMAGES),
    "ZeroPad2d": (lambda: ZeroPad2d((1, 2, 3, 0)), IMAGES),
    "ReLU": (ReLU, IMAGES),
    "Dropout": (Dropout, IMAGES),
    "Dropout2d": (Dropout2d, IMAGES),
    "Linear": (lambda: Linear(3, 4), (5, 3)),
    "Sequential": (lambda: Sequential(Conv2d(4, 3, 3), ReLU(), MaxPool2d(2)), IMAGES),
}


@pytest.fixture(params=LAYERS)
def layer(request):
    layer, shape = LAYERS[request.param][0](), LAYERS[request.param][1]
    rng = np.random.default_rng(0)
    layer.x = rng.standard_normal(shape).astype("float32")
    layer.dy = rng.standard_normal(layer(layer.x).shape).astype("float32")
    return layer.train()


class TestEveryLayer:
    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    def test_keeps_the_dtype(self, layer, dtype):
        assert layer.astype(dtype) is layer
        x, dy = layer.x.astype(dtype), layer.dy.astype(dtype)
        assert layer(x).dtype == layer.backward(dy).dtype == dtype
        assert all(p.data.dtype == p.grad.dtype == dtype for p in layer.parameters())
        assert layer.eval()(x).dtype == dtype

    def test_changes_neither_its_input_nor_the_gradient_it_is_given(self, layer):
        x, dy = layer.x.copy(), layer.dy.copy()
        layer(x)
        layer.backward(dy)
        np.testing.assert_array_equal(x, layer.x)
        np.testing.assert_array_equal(dy, layer.dy)

    def test_backward_gives_the_gradient_of_the_input_and_adds_to_those_of_the_parameters(self, layer):
        layer(layer.x)
        dx = layer.backward(layer.dy)
        assert dx.shape == layer.x.shape
        once = [p.grad.copy() for p in layer.parameters()]
        assert all(np.abs(grad).max() > 0 for grad in once)
        np.testing.assert_array_equal(layer.backward(layer.dy), dx)
        for parameter, grad in zip(layer.parameters(), once, strict=True):
            np.testing.assert_array_equal(parameter.grad, 2 * grad)
        layer.zero_grad()
        assert not any(p.grad.any() for p in layer.parameters())

    def test_backward_without_a_forward_is_an_error(self, layer):
        with pytest.raises(RuntimeError, match="backward needs a forward pass in training mode first"):
            layer.backward(layer.dy)

    def test_evaluation_keeps_nothing(self, layer):
        layer(layer.x)
        assert layer.eval() is layer  # forgets what training kept, too
        layer(layer.x)
        assert all(inner._kept is None for inner in layer.layers())
        with pytest.raises(RuntimeError, match="backward needs a forward pass"):
            layer.backward(layer.dy)

    def test_back_in_training_it_learns_again(self, layer):
        layer.eval().train()(layer.x)
        layer.backward(layer.dy)


@pytest.mark.parametrize(
    "layer, output, expected",
    [
        (Conv2d(4, 6, (3, 2), (2, 1), 1, groups=2), (3, 6), (3 * 6) * 6 * (4 // 2) * (3 * 2)),
        (ConvTranspose2d(4, 2, 3, 2, 1, 1), (12, 10), (6 * 5) * 4 * 2 * (3 * 3)),  # the input has 6x5 pixels
        (Linear(5, 3), (), 5 * 3),
        (MaxPool2d(3), (3, 6), 0),
    ],
    ids=lambda value: type(value).__name__,
)
def test_multiply_adds_by_hand(layer, output, expected):
    assert layer.multiply_adds(output) == expected


@pytest.mark.parametrize(
    "name, frozen",
    [
        (name, frozen)
        for name, (make, _) in LAYERS.items()
        if name != "Sequential"
        for frozen, _ in make().named_parameters()
    ],
)
def test_no_gradient_is_computed_of_a_frozen_parameter(name, frozen):
    make, shape = LAYERS[name]
    layer, rng = make(), np.random.default_rng(0)
    getattr(layer, frozen).trainable = False
    y = layer(rng.standard_normal(shape, "float32"))
    dx = layer.backward(rng.standard_normal(y.shape, "float32"))
    assert dx.any()
    for key, parameter in layer.named_parameters():
        assert parameter._grad is None if key == frozen else parameter.grad.any()


def test_a_parameter_starts_without_gradient_and_learns_at_the_common_rate():
    parameter = Parameter(np.ones((2, 3), np.float32))
    assert (parameter.trainable, parameter.lr_mult, parameter.decay_mult) == (True, 1, 1)
    assert parameter.grad.dtype == "float32"
    np.testing.assert_array_equal(parameter.grad, np.zeros((2, 3)))
    parameter.grad += 5
    parameter.zero_grad()
    np.testing.assert_array_equal(parameter.grad, np.zeros((2, 3)))


def test_a_first_gradient_is_copied_and_others_are_added():
    parameter, first = Parameter(np.ones(2)), np.array([1.0, 2.0])
    parameter.add_grad(first)
    parameter.add_grad(np.array([10.0, 20.0]))
    np.testing.assert_array_equal(parameter.grad, [11, 22])
    np.testing.assert_array_equal(first, [1, 2])  # whose it is may hand it on
    parameter.zero_grad()
    parameter.add_grad(np.array([3.0, 4.0]))
    np.testing.assert_array_equal(parameter.grad, [3, 4])


class TestNames:
    def test_of_a_lone_layer(self):
        names = [name for name, _ in Conv2d(1, 2, 3).named_parameters()]
        assert names == ["weight", "bias"]
        assert list(Linear(3, 2, bias=False).state_dict()) == ["weight"]

    def test_of_layers_inside_layers(self):
        class Net(Layer):
            def __init__(self):
                self.scale = Parameter(np.ones(1))
                self.trunk = Sequential({"conv": Conv2d(1, 1, 1), "inner": Sequential(ReLU(), Linear(1, 1))})

        net = Net()
        names = ["scale", "trunk.conv.weight", "trunk.conv.bias", "trunk.inner.1.weight", "trunk.inner.1.bias"]
        assert [name for name, _ in net.named_parameters()] == list(net.state_dict()) == names
        assert net.parameters() == [parameter for _, parameter in net.named_parameters()]
        assert net.parameters()[3] is net.trunk.named["inner"].named["1"].weight
        net.eval()
        assert not any(layer.training for layer in net.layers()) and len(list(net.layers())) == 6


def pair_of_layers():
    return Sequential({"first": Conv2d(2, 3, 1), "second": Linear(3, 4)})


class TestState:
    def test_comes_back_in_the_layers_own_dtype(self):
        net, other = pair_of_layers(), pair_of_layers().astype("float64")
        other.load_state_dict(net.state_dict())
        for name, parameter in other.named_parameters():
            assert parameter.data.dtype == "float64"
            np.testing.assert_array_equal(parameter.data, dict(net.named_parameters())[name].data)

    def test_is_a_copy_both_ways(self):
        net = pair_of_layers()
        state = net.state_dict()
        weight = net.parameters()[0].data
        before = weight.copy()
        state["first.weight"] += 1
        np.testing.assert_array_equal(weight, before)
        net.load_state_dict(state)
        assert net.parameters()[0].data is weight  # in place: an optimizer may hold it
        state["first.weight"] += 1
        np.testing.assert_array_equal(weight, before + 1)

    @pytest.mark.parametrize(
        "change, message",
        [
            ({"second.bias": None}, "the weights lack second.bias: they are of another network than Sequential"),
            ({"third.weight": np.ones(1)}, "Sequential has no third.weight: the weights are of another network"),
            (
                {"second.weight": np.ones((5, 3))},
                r"second.weight has shape \(5, 3\) in the weights, \(4, 3\) in this Sequential",
            ),
            ({"second.weight": [[1.0] * 3] * 4}, "second.weight in the weights is a list, expected an array of real"),
            (
                {"second.bias": np.array(["1", "2", "x", "4"])},
                "second.bias in the weights is <U1, expected an array of",
            ),
            ({"second.bias": np.ones(())}, r"second.bias has shape \(\) in the weights, \(4,\) in this"),
        ],
    )
    def test_of_another_network_is_refused_and_nothing_changes(self, change, message):
        net = pair_of_layers()
        before = net.state_dict()
        state = {name: array + 1 for name, array in before.items()} | change
        with pytest.raises(InputError, match=message):
            net.load_state_dict({name: array for name, array in state.items() if array is not None})
        for name, array in net.state_dict().items():
            np.testing.assert_array_equal(array, before[name])

    @pytest.mark.parametrize("given", [None, [("first.weight", 1)]])
    def test_what_is_no_dict(self, given):
        for load in (pair_of_layers().load_state_dict, pair_of_layers().copy_from):
            with pytest.raises(InputError, match=f"the weights are a {type(given).__name__}, expected {{name: array}}"):
                load(given)

    def test_names_the_first_three_of_many(self):
        with pytest.raises(InputError, match=r"lack first.weight, first.bias, second.weight and 1 more:"):
            pair_of_layers().load_state_dict({})

    def test_copy_from_takes_what_it_knows_by_name(self):
        net = pair_of_layers()
        bias = net.state_dict()["first.bias"]
        taken = net.copy_from(
            {"other": np.ones(9), "second.bias": np.arange(4), "first.weight": np.full((3, 2, 1, 1), 7)}
        )
        assert taken == ["first.weight", "second.bias"]
        state = net.state_dict()
        np.testing.assert_array_equal(state["second.bias"], [0, 1, 2, 3])
        assert (state["first.weight"] == 7).all()
        np.testing.assert_array_equal(state["first.bias"], bias)

    def test_copy_from_refuses_another_shape_before_it_copies(self):
        net = pair_of_layers()
        before = net.state_dict()
        with pytest.raises(InputError, match=r"second.bias has shape \(5,\)"):
            net.copy_from({"first.bias": np.ones(3), "second.bias": np.ones(5)})
        np.testing.assert_array_equal(net.state_dict()["first.bias"], before["first.bias"])


class TestReseed:
    X = np.ones((4, 5, 3, 2), np.float32)

    def test_makes_dropout_repeatable(self):
        net = Sequential(Dropout(), Dropout2d(0.3))
        net.reseed(3)
        first, second = net(self.X), net(self.X)
        assert (first != second).any()  # one pass after the other still differs
        net.reseed(3)
        np.testing.assert_array_equal(net(self.X), first)
        np.testing.assert_array_equal(net(self.X), second)
        net.reseed(4)
        assert (net(self.X) != first).any()

    def test_a_batch_in_parts_gets_the_masks_of_the_whole(self):
        net = Sequential(Dropout(), Dropout2d(0.3))
        net.reseed(3)
        passes = [net(self.X), net(self.X)]
        for number, whole in enumerate(passes):
            for first, stop in ((0, 3), (1, 2), (3, 4)):
                net.reseed(3, number, first)
                np.testing.assert_array_equal(net(self.X[first:stop]), whole[first:stop])

    def test_takes_several_numbers_and_gives_layers_masks_of_their_own(self):
        nets = [Sequential(Dropout(), Dropout()) for _ in range(2)]
        for net in nets:
            net.reseed((3, 1))
        a, b = nets[0].named.values()
        first = a(self.X)
        assert (first != b(self.X)).any()
        np.testing.assert_array_equal(nets[1].named["0"](self.X), first)
        nets[1].reseed((3, 2))
        assert (nets[1].named["0"](self.X) != first).any()
