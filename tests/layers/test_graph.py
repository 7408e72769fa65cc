"""Networks of named nodes: what is computed, what follows, and what is refused because it would go wrong in silence."""

import numpy as np
import pytest

from minifcn.convolution.geometry import Place
from minifcn.errors import InputError
from minifcn.gradcheck import check_gradients
from minifcn.layers import (
    Branches,
    Conv2d,
    Crop,
    Dropout,
    Flatten,
    Graph,
    Layer,
    Linear,
    LocalResponseNorm,
    MaxPool2d,
    Parameter,
    ReLU,
    Scale,
    Sequential,
    Sum,
)
from minifcn.optim import SGD

RNG = np.random.default_rng(0)


class Same(Layer):
    """y = x, by one who has not read what a network must know of a layer."""

    def forward(self, x):
        self.keep()
        return x

    def backward(self, dy):
        return dy


def forked():
    """Two ways from one map, of which one is cropped to the other, and a sum."""
    rng = np.random.default_rng(1)
    return Graph(
        {
            "first": Conv2d(2, 3, 3, padding=1, rng=rng),
            "wide": (Conv2d(3, 4, 1, rng=rng), "first"),
            "narrow": (Conv2d(3, 4, 3, rng=rng), "first"),
            "crop": (Crop(1), "wide", "narrow"),
            "sum": (Sum(), "crop", "narrow"),
            "last": Conv2d(4, 2, 1, rng=rng),
        }
    )


class TestComputes:
    X, DY = RNG.standard_normal((2, 2, 6, 5)), RNG.standard_normal((2, 2, 4, 3))

    def test_forward_and_backward_by_hand(self):
        net = forked().astype("float64")
        layers = dict(net.children())
        first = layers["first"](self.X)
        narrow = layers["narrow"](first)
        total = layers["wide"](first)[:, :, 1:5, 1:4] + narrow
        np.testing.assert_array_equal(net(self.X), layers["last"](total))
        dx = net.backward(self.DY)
        grads = [parameter.grad.copy() for parameter in net.parameters()]
        net.zero_grad()
        dtotal = layers["last"].backward(self.DY)
        dwide = np.pad(dtotal, ((0, 0), (0, 0), (1, 1), (1, 1)))
        dfirst = layers["wide"].backward(dwide) + layers["narrow"].backward(dtotal)
        np.testing.assert_allclose(dx, layers["first"].backward(dfirst), rtol=1e-12, atol=1e-12)
        for one, other in zip(grads, net.parameters(), strict=True):
            np.testing.assert_allclose(one, other.grad, rtol=1e-12, atol=1e-12)

    def test_numerically(self):
        assert check_gradients(forked(), self.X).ok()

    def test_each_term_of_a_sum_may_overwrite_its_gradient(self):
        nodes = {}
        for name in "ab":
            nodes[name] = Conv2d(2, 3, 1), "input"
            nodes[f"relu_{name}"] = ReLU(inplace=True)
        net = Graph(nodes | {"sum": (Sum(), "relu_a", "relu_b")})
        assert check_gradients(net, self.X).ok()

    def test_a_layer_may_be_replaced(self):
        net = Sequential({"a": Conv2d(2, 3, 1), "b": Conv2d(3, 7, 1)}).train_only()
        net.named["b"] = last = Conv2d(3, 5, 1)
        x = self.X.astype("float32")
        y = net(x)
        np.testing.assert_array_equal(y, last.forward(net.named["a"].forward(x)))
        net.backward(y)
        assert last.weight.grad.any() and net.output_channels(2) == 5

    def test_names_of_nodes_are_those_of_the_parameters(self):
        assert list(forked().state_dict())[:3] == ["first.weight", "first.bias", "wide.weight"]

    def test_places_and_channels_follow(self):
        places = forked().places_along(0, 6)
        assert [places[name].size for name in ("first", "wide", "narrow", "crop", "sum")] == [6, 6, 4, 4, 4]
        assert places["crop"].start == places["narrow"].start == 1
        assert places["sum"].receptive_field == 5
        assert forked().output_channels(2) == 2

    def test_maps_that_lie_elsewhere_are_refused(self):
        wide, narrow = Conv2d(2, 4, 1), Conv2d(2, 4, 3)
        shifted = {"wide": wide, "narrow": (narrow, "input"), "crop": (Crop((0, 1)), "wide", "narrow")}
        with pytest.raises(InputError, match="maps do not lie over each other"):
            Graph(shifted).output_place(0, Place(6))
        assert Graph(shifted).output_place(1, Place(6)).size == 4

    def test_an_unknown_input(self):
        with pytest.raises(InputError, match="Graph: b takes 'c', which is no node before it"):
            Graph({"a": ReLU(), "b": (ReLU(), "c")})

    @pytest.mark.parametrize("name", ["input", 1, None])
    def test_a_node_that_cannot_be_called_so(self, name):
        with pytest.raises(
            InputError, match=f"Graph: a node is called {name!r}, expected a text; 'input' is what goes"
        ):
            Graph({name: Conv2d(1, 1, 1)})

    @pytest.mark.parametrize("node", [None, ReLU, np.zeros(3), "relu"], ids=repr)
    def test_a_node_that_is_no_layer(self, node):
        with pytest.raises(InputError, match=f"Graph: a is a {type(node).__name__}, expected a layer"):
            Graph({"a": node})

    def test_two_parameters_of_one_name(self):
        nodes = {"a.b": Conv2d(1, 1, 1), "a": Sequential({"b": Conv2d(1, 1, 1)})}
        with pytest.raises(
            InputError, match=r"Sequential: two parameters would be called a\.b\.weight: give the nodes"
        ):
            Sequential(nodes)

    def test_several_maps_for_a_layer_that_takes_one(self):
        with pytest.raises(InputError, match=r"Graph: b takes 2 maps, and a Same joins none: see Layer\.joins"):
            Graph({"a": Conv2d(1, 1, 1), "b": (Same(), "a", "input")})

    def test_a_join_that_gives_too_few_gradients(self):
        class Add(Sum):
            def backward(self, dy):
                return super().backward(dy)[:1]

        net = Graph({"a": Conv2d(1, 1, 1), "b": (Add(), "a", "input")})
        dy = net(np.ones((1, 1, 2, 2), "float32"))
        with pytest.raises(ValueError, match="shorter"):
            net.backward(dy)

    @pytest.mark.parametrize("shape", [(1, 1, 2, 2), (1, 3, 1, 1), (2, 2)])
    def test_maps_that_cannot_be_added(self, shape):
        with pytest.raises(InputError, match=r"Sum: maps of shapes \(1, 3, 2, 2\), \(.*\) cannot be added"):
            Sum()(np.ones((1, 3, 2, 2)), np.ones(shape))

    @pytest.mark.parametrize("outputs", ["a", "input", ("c",), ("a", None)])
    def test_outputs_that_are_no_nodes(self, outputs):
        for given in ({"outputs": outputs}, {"auxiliary_outputs": outputs}):
            with pytest.raises(InputError, match=r"Graph: outputs=.*, expected a tuple of nodes' names"):
                Graph({"a": Scale(2), "b": Scale(3)}, **given)

    @pytest.mark.parametrize("outputs", [(("a", "a"),), (("a",), ("b", "a"))])
    def test_an_output_that_is_there_twice(self, outputs):
        with pytest.raises(InputError, match=r"Graph: outputs=.*, each once"):
            Graph({"a": Scale(2), "b": Scale(3)}, *outputs)

    @pytest.mark.parametrize("recompute", ["a", ("a", "c"), ("",)])
    def test_unknown_nodes_to_recompute_from(self, recompute):
        net = Graph({"a": Scale(2), "b": Scale(3)})
        net.recompute = recompute
        with pytest.raises(InputError, match=r"Graph: recompute=.*, expected a tuple of nodes' names"):
            net(np.ones(2))

    @pytest.mark.parametrize("count", [None, 1, 3])
    def test_a_gradient_for_each_output(self, count):
        net = Graph({"a": Scale(2), "b": Scale(3)}, ("a", "b"))
        dy = np.ones((2, 2))
        net(dy)
        with pytest.raises(InputError, match="Graph: expected a gradient for each of a, b, in a tuple"):
            net.backward(dy if count is None else (dy,) * count)
        assert (net.backward((dy, dy)) == 2 + 2 * 3).all()

    def test_a_crop_that_is_not_covered(self):
        with pytest.raises(InputError, match=r"Crop: from \(3, 0\) on, \(1, 1, 5, 5\) does not cover \(1, 1, 3, 3\)"):
            Crop((3, 0))(np.ones((1, 1, 5, 5)), np.ones((1, 1, 3, 3)))

    def test_maps_that_cannot_be_joined(self):
        with pytest.raises(InputError, match=r"Concatenation: maps of shapes .* cannot be joined"):
            Branches(Sequential(Conv2d(1, 1, 1)), Sequential(Conv2d(1, 1, 3)))(np.ones((1, 1, 5, 5), "float32"))

    def test_branches_of_equal_names_are_told_apart(self):
        net = Branches(*(Sequential(Conv2d(1, n, 1)) for n in (1, 2)))
        assert list(net.state_dict()) == ["0.weight", "0.bias", "1.0.weight", "1.0.bias"]
        assert net(np.ones((1, 1, 2, 2), "float32")).shape == (1, 3, 2, 2) and net.output_channels(1) == 3

    def test_outputs_while_training_only(self):
        net = Graph({"a": Conv2d(1, 2, 1), "b": Conv2d(2, 3, 1), "c": (Conv2d(2, 4, 1), "a")}, ("b",), ("c",))
        x = np.ones((1, 1, 2, 2), "float32")
        assert [y.shape[1] for y in net(x)] == [3, 4]
        dx = net.backward((np.ones((1, 3, 2, 2), "float32"), np.zeros((1, 4, 2, 2), "float32")))
        assert dx.shape == x.shape and not net.named["c"].weight.grad.any() and net.named["b"].weight.grad.any()
        assert net.eval()(x).shape[1] == 3
        assert net.named["c"]._kept is None

    def test_a_map_is_let_go_with_its_last_taker(self):
        alive = []

        class Watched(Layer):
            def forward(self, x):
                alive.append([map() is not None for map in maps])
                y = x + 1
                maps.append(weakref.ref(y))
                return y

        import weakref

        maps = []
        net = Graph({"a": Watched(), "b": Watched(), "c": (Sum(), "a", "b"), "d": Watched(), "e": Watched()}).eval()
        net(np.ones(3))
        # d comes after the sum, which was the last to take a and b; e takes d.
        assert alive == [[], [True], [False, False], [False, False, True]]

    def test_freezing_reaches_into_nodes(self):
        inner = Sequential({"one": Linear(3, 3), "two": Linear(3, 3)})
        net = Sequential({"inner": inner, "last": Linear(3, 2)})
        for name, parameter in net.named_parameters():
            parameter.trainable = name.startswith(("inner.two", "last"))
        net.train_only()
        net(np.ones((1, 3), "float32"))
        assert inner.named["one"]._kept is None and inner.named["two"]._kept is not None
        assert net.backward(np.ones((1, 2), "float32")) is None
        assert inner.named["two"].weight.grad.any() and inner.named["one"].weight._grad is None

    def test_recomputing_in_pieces_with_frozen_layers_and_forks(self):
        """The same gradients, and between the pieces nothing is kept."""
        results = []
        for recompute in (False, ("first", "sum"), True):
            net = forked().astype("float64")
            net.recompute = recompute
            y = net(self.X)
            kept = {name for name, layer in net.children() if layer._kept is not None}
            assert kept == {False: set(net.named), ("first", "sum"): {"last"}, True: set()}[recompute]
            results.append([y, net.backward(self.DY), *(parameter.grad for parameter in net.parameters())])
        for one, *others in zip(*results, strict=True):
            for other in others:
                np.testing.assert_array_equal(one, other)


class TestRefused:
    @pytest.mark.parametrize(
        "make",
        [
            lambda layer: Sequential(layer, ReLU(), layer),
            lambda layer: Sequential(layer, Sequential(ReLU(), layer)),
            lambda layer: Branches(Sequential(layer), Sequential(ReLU(), Sequential(layer))),
            lambda layer: Graph({"a": layer, "b": (layer, "input"), "c": (Sum(), "a", "b")}),
        ],
    )
    def test_a_layer_that_is_there_twice(self, make):
        with pytest.raises(InputError, match=r"the same Conv2d, which would give wrong gradients: make two"):
            make(Conv2d(1, 1, 1))

    def test_a_parameter_may_be_shared(self):
        one, other = Linear(2, 2, bias=False), Linear(2, 2, bias=False)
        other.weight = one.weight
        net = Sequential(one, other).astype("float64")
        net(np.ones((1, 2)))
        net.backward(np.ones((1, 2)))
        w = one.weight.data.copy()  # y = W W x, so dL/dW = dy (W x)^T + (W^T dy) x^T
        expected = np.outer(np.ones(2), w @ np.ones(2)) + np.outer(w.T @ np.ones(2), np.ones(2))
        np.testing.assert_allclose(one.weight.grad, expected)
        assert list(net.state_dict()) == ["0.weight", "1.weight"]
        SGD(net.parameters(), lr=0.5, momentum=0).step()
        np.testing.assert_allclose(one.weight.data, w - 0.5 * expected)

    def test_a_layer_called_twice_in_one_pass_of_a_layer_of_ones_own(self):
        class Twice(Layer):
            def __init__(self):
                self.conv = Conv2d(1, 1, 1)

            def forward(self, x):
                return self.conv(self.conv(x))

        net, x = Twice(), np.ones((1, 1, 2, 2), "float32")
        with pytest.raises(InputError, match=r"Conv2d: used twice in one forward pass, .* make two layers"):
            net(x)
        net.eval()(x)  # nothing is kept, so nothing is wrong
        net.train().conv(x)
        net.conv(x)  # one pass after the other
        with pytest.raises(InputError, match="Conv2d: used twice in one forward pass"):
            Sequential(Twice()).forward(x)

    @pytest.mark.parametrize(
        "make, whose",
        [
            (lambda relu: Sequential(relu), "the input, which is the caller's"),
            (lambda relu: Sequential(Dropout(), relu), "the output of 0, a Dropout, which may keep or hand it on"),
            (lambda relu: Sequential(Sequential(Flatten()), relu), "the output of 0, a Sequential, which may keep"),
            (lambda relu: Sequential(Sequential(), relu), "the output of 0, a Sequential, which may keep"),
            (lambda relu: Sequential(Same(), relu), "the output of 0, a Same, which may keep or hand it on"),
            (lambda relu: Branches(Sequential(Conv2d(1, 1, 1)), Sequential(relu)), "the input, which is the caller's"),
            (lambda relu: Sequential(LocalResponseNorm(3), relu), "the output of 0, a LocalResponseNorm, which"),
            (lambda relu: Sequential(LocalResponseNorm(3), Dropout(), relu), "the output of 1, a Dropout, which may"),
            (lambda relu: Sequential(Sequential(LocalResponseNorm(3)), relu), "the output of 0, a Sequential, which"),
            (
                lambda relu: Graph({"a": Conv2d(1, 1, 1), "b": relu, "c": (Sum(), "a", "b")}),
                "the output of a, which is taken elsewhere, too",
            ),
        ],
    )
    def test_a_relu_that_overwrites_what_somebody_needs(self, make, whose):
        make(ReLU())
        with pytest.raises(InputError, match=rf"layer \w+ overwrites {whose}.*: use ReLU\(\)"):
            make(ReLU(inplace=True))

    def test_a_sum_of_one_map_is_a_map_of_its_own(self):
        x = np.array([[[[-1.0, 1]]]])
        net = Sequential(Sum(), ReLU(inplace=True))
        assert (net(x) == [[[[0, 1]]]]).all() and (x == [[[[-1, 1]]]]).all()

    @pytest.mark.parametrize("relu", [ReLU(), ReLU(inplace=True)], ids=repr)
    def test_a_join_that_hands_one_gradient_to_both(self, relu):
        class Add(Same):
            joins = True

            def forward(self, a, b):
                return super().forward(a + b)

            def backward(self, dy):
                return dy, dy

        x, dy = np.array([[[[-1.0, 1]]]]), np.ones((1, 1, 1, 2))
        net = Graph({"a": Scale(1), "relu": relu, "b": (Scale(1), "input"), "add": (Add(), "relu", "b")})
        net(x)
        np.testing.assert_array_equal(net.backward(dy), [[[[1, 2]]]])
        assert (dy == 1).all()

    @pytest.mark.parametrize("after", [list, lambda: [Flatten()], lambda: [Sequential(Flatten())], lambda: [Same()]])
    def test_the_callers_gradient_is_not_overwritten(self, after):
        net = Sequential(Conv2d(1, 1, 1), ReLU(inplace=True), *after())
        y = net(np.array([[[[-1, 1], [1, -1]]]], "float32"))  # whatever the weight, two are below 0
        dy = np.ones_like(y)
        net.backward(dy)
        assert (dy == 1).all()

    def test_a_gradient_that_is_handed_on_is_not_doubled(self):
        class Shift(Layer):
            """y = x + b, which keeps dL/dy as b's gradient and hands it on."""

            def __init__(self):
                self.b = Parameter(np.zeros((1, 1, 2, 2)))

            def forward(self, x):
                self.keep()
                return x + self.b.data

            def backward(self, dy):
                self.b.add_grad(dy)
                return dy

        layer, dy = Shift(), np.ones((1, 1, 2, 2))
        for _ in range(2):
            layer(dy)
            layer.backward(dy)
        assert (dy == 1).all() and (layer.b.grad == 2).all()


class TestFound:
    def test_beside_the_nodes_of_a_network(self):
        class Net(Sequential):
            def __init__(self):
                super().__init__({"a": Linear(1, 1)})
                self.heads = [Linear(1, 2, bias=False)]
                self.first = self.named["a"]

        net = Net()
        assert list(net.state_dict()) == ["a.weight", "a.bias", "heads.0.weight"]
        assert net.eval().heads[0].training is False

    def test_in_lists_tuples_and_dicts(self):
        class Net(Layer):
            def __init__(self):
                self.blocks = [Linear(1, 1), (ReLU(), Linear(1, 1, bias=False))]
                self.heads = {"a": Linear(1, 2, bias=False)}
                self.scales = [Parameter(np.ones(1))]
                self.first = self.blocks[0]  # once is enough

        net = Net()
        expected = ["scales.0", "blocks.0.weight", "blocks.0.bias", "blocks.1.1.weight", "heads.a.weight"]
        assert list(net.state_dict()) == expected
        net.blocks.append(MaxPool2d(2))
        net.blocks.append(Linear(1, 1, bias=False))
        assert list(net.state_dict())[4] == "blocks.3.weight"
        net.eval()
        assert not any(layer.training for layer in [*net.blocks[:1], *net.blocks[1], *net.blocks[2:]])
