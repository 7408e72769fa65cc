"""ReLU, Dropout, Linear and Sequential, by hand."""

import numpy as np
import pytest

from minifcn.backend import parallel
from minifcn.errors import InputError
from minifcn.layers import Conv2d, Dropout, Dropout2d, Layer, Linear, ReLU, Sequential


class TestReLU:
    def test_by_hand(self):
        layer = ReLU()
        np.testing.assert_array_equal(layer(np.array([[-2.0, 0.0], [0.5, 3.0]])), [[0, 0], [0.5, 3]])
        # at 0, where there is a kink, the gradient is 0
        np.testing.assert_array_equal(layer.backward(np.array([[5.0, 6.0], [7.0, -8.0]])), [[0, 0], [7, -8]])

    def test_in_blocks_as_at_once(self, monkeypatch):
        x, dy = np.random.default_rng(0).standard_normal((2, 3, 4, 7, 5))
        layer = ReLU()
        expected = layer(x), layer.backward(dy)
        monkeypatch.setattr(parallel, "BLOCK", 8)
        np.testing.assert_array_equal(layer(x), expected[0])
        np.testing.assert_array_equal(layer.backward(dy), expected[1])

    def test_in_place_it_takes_no_memory_of_its_own(self):
        x, dy = np.random.default_rng(0).standard_normal((2, 3, 4))
        layer = ReLU()
        expected = layer(x), layer.backward(dy)
        layer = ReLU(inplace=True)
        assert layer(x) is x and layer.backward(dy) is dy
        np.testing.assert_array_equal(x, expected[0])
        np.testing.assert_array_equal(dy, expected[1])
        assert repr(layer) == "ReLU(inplace=True)" and repr(ReLU()) == "ReLU()"


class TestDropout:
    X = np.random.default_rng(0).standard_normal((50, 40, 5, 4))

    def test_drops_entries_and_scales_up_the_rest(self):
        layer = Dropout(0.3, np.random.default_rng(1))
        y = layer(self.X)
        dropped = y == 0
        assert dropped.mean() == pytest.approx(0.3, abs=0.01)
        np.testing.assert_allclose(y[~dropped], self.X[~dropped] / 0.7, rtol=1e-12)
        dy = np.random.default_rng(2).standard_normal(self.X.shape)
        dx = layer.backward(dy)
        np.testing.assert_allclose(dx, np.where(dropped, 0, dy / 0.7), rtol=1e-12)

    def test_2d_drops_whole_channels_of_single_images(self):
        y = Dropout2d(0.3, np.random.default_rng(1))(self.X)
        dropped = (y == 0).all(axis=(2, 3))  # (N, C)
        np.testing.assert_array_equal((y == 0).any(axis=(2, 3)), dropped)
        assert dropped.mean() == pytest.approx(0.3, abs=0.03)
        assert 0 < dropped.mean(axis=0).max() < 1  # no channel in all images
        np.testing.assert_allclose(y[~dropped], self.X[~dropped] / 0.7, rtol=1e-12)

    @pytest.mark.parametrize("kind", [Dropout, Dropout2d])
    def test_passes_everything_while_evaluating_and_for_p_0(self, kind):
        np.testing.assert_array_equal(kind(0.9).eval()(self.X), self.X)
        np.testing.assert_array_equal(kind(0)(self.X), self.X)

    def test_the_mask_follows_from_the_generator_and_not_from_the_dtype(self):
        masks = [Dropout(rng=np.random.default_rng(5))(self.X.astype(dtype)) != 0 for dtype in ("float32", "float64")]
        np.testing.assert_array_equal(*masks)

    @pytest.mark.parametrize("kind", [Dropout, Dropout2d])
    @pytest.mark.parametrize("p", [-0.1, 1, 1.5, float("nan")])
    def test_p_that_is_no_share_below_one_is_refused(self, kind, p):
        with pytest.raises(InputError, match=f"{kind.__name__}: p is {p}; expected 0 <= p < 1"):
            kind(p)

    def test_repr(self):
        assert [repr(Dropout()), repr(Dropout2d(0.25))] == ["Dropout(0.5)", "Dropout2d(0.25)"]


class TestLinear:
    def test_by_hand(self):
        layer = Linear(3, 2).astype("float64")
        layer.weight.data[...] = [[1, 2, 3], [0, -1, 4]]
        layer.bias.data[...] = [10, 20]
        x = np.array([[1.0, 0.0, 2.0], [3.0, 1.0, 0.0]])
        np.testing.assert_array_equal(layer(x), [[17, 28], [15, 19]])
        dx = layer.backward(np.array([[1.0, 10.0], [100.0, 1000.0]]))
        np.testing.assert_array_equal(dx, [[1, 2 - 10, 3 + 40], [100, 200 - 1000, 300 + 4000]])
        np.testing.assert_array_equal(layer.weight.grad, [[1 + 300, 100, 2], [10 + 3000, 1000, 20]])
        np.testing.assert_array_equal(layer.bias.grad, [101, 1010])

    def test_without_bias(self):
        layer = Linear(2, 1, bias=False).astype("float64")
        layer.weight.data[...] = [[2, 3]]
        np.testing.assert_array_equal(layer(np.array([[1.0, 1.0]])), [[5]])
        np.testing.assert_array_equal(layer.backward(np.array([[7.0]])), [[14, 21]])

    def test_weights_start_as_he_et_al_draw_them(self):
        weight = Linear(200, 300, rng=np.random.default_rng(0)).weight.data
        assert weight.dtype == "float32" and weight.shape == (300, 200)
        assert weight.std() == pytest.approx(0.1, rel=0.02)

    @pytest.mark.parametrize("shape", [(2, 4), (3,), (1, 2, 3)])
    def test_another_shape_is_refused(self, shape):
        with pytest.raises(InputError, match=r"Linear: input has shape .*, (this layer takes|expected) \(N, 3\)"):
            Linear(3, 2)(np.ones(shape, np.float32))

    @pytest.mark.parametrize(
        "dy, problem",
        [
            (np.ones((1, 2), np.float32), r"dy has shape \(1, 2\), the output \(4, 2\)"),
            (np.ones((4, 2)), "dy is float64, this layer's weights are float32"),
        ],
    )
    def test_a_gradient_that_does_not_fit_is_refused(self, dy, problem):
        layer = Linear(3, 2)
        layer(np.ones((4, 3), np.float32))
        with pytest.raises(InputError, match=f"^Linear: {problem}"):
            layer.backward(dy)
        assert not layer.weight.grad.any()

    def test_repr(self):
        assert repr(Linear(3, 2)) == "Linear(3, 2)"


class Times(Layer):
    """Multiplies by `factor` forward, and backward by ten times that: enough to see the order."""

    def __init__(self, factor, log):
        self.factor, self.log = factor, log

    def forward(self, x):
        self.log.append(self.factor)
        return x * self.factor

    def backward(self, dy):
        self.log.append(-self.factor)
        return dy * 10 * self.factor


class TestSequential:
    def test_goes_forward_in_order_and_backward_in_reverse(self):
        log = []
        net = Sequential(Times(2, log), Times(3, log), Times(5, log))
        assert net(1) == 30
        assert net.backward(7) == 7 * 30 * 1000
        assert log == [2, 3, 5, -5, -3, -2]

    def test_names_are_numbers_or_the_keys(self):
        a, b = Conv2d(1, 1, 1), ReLU()
        assert Sequential(a, b).children() == [("0", a), ("1", b)]
        named = Sequential({"conv1": a, "relu1": b})
        assert named.children() == [("conv1", a), ("relu1", b)]
        assert list(named.state_dict()) == ["conv1.weight", "conv1.bias"]

    def test_training_and_evaluation_reach_every_layer(self):
        net = Sequential(Dropout(), Sequential(Dropout()))
        x = np.ones((20, 20))
        assert (net(x) == 0).any()
        np.testing.assert_array_equal(net.eval()(x), x)
        assert (net.train()(x) == 0).any()

    def test_recomputing_gives_the_same_for_less_memory(self):
        """With dropout too: the second forward pass draws the same masks, and leaves the generator where it was."""

        def make(recompute):
            rng = np.random.default_rng(3)
            net = Sequential(Conv2d(2, 4, 3, rng=rng), ReLU(inplace=True), Dropout(0.5, rng), Conv2d(4, 3, 1, rng=rng))
            net.recompute = recompute
            return net

        x, dy = (np.random.default_rng(0).standard_normal(shape, "float32") for shape in ((2, 2, 7, 4), (2, 3, 5, 2)))
        results = {}
        for recompute in (False, True):
            net = make(recompute)
            y = net(x)
            held = [layer for layer in net.layers() if layer._kept is not None]
            assert (held == [net]) == recompute
            dx = net.backward(dy)
            second = net.backward(dy)  # a gradient can be asked for again
            results[recompute] = y, dx, second, net(x), *(parameter.grad for parameter in net.parameters())
        for one, other in zip(*results.values(), strict=True):
            np.testing.assert_array_equal(one, other)

    def test_recomputing_leaves_a_shared_generator_where_it_was(self):
        rng, x = np.random.default_rng(0), np.ones(50)
        nets = [Sequential(Dropout(0.5, rng)) for _ in range(2)]
        for net in nets:
            net.recompute = net.backward_once = True
        masks = [net(x) for net in nets]
        for net in reversed(nets):
            net.backward(x)
            with pytest.raises(RuntimeError, match="backward needs a forward pass"):
                net.backward(x)
        masks += [net(x) for net in nets]
        assert all((masks[i] != masks[j]).any() for i in range(4) for j in range(i))

    def test_layers_before_the_first_that_learns_keep_nothing_and_get_nothing(self):
        net = Sequential(Linear(3, 4), Dropout(0), Linear(4, 2))
        first, _, third = net.named.values()
        first.weight.trainable = first.bias.trainable = False
        assert net.train_only() is net
        rng = np.random.default_rng(0)
        net(rng.standard_normal((1, 3), "float32"))
        assert net.backward(rng.standard_normal((1, 2), "float32")) is None
        assert first._kept is None and not first.weight.grad.any() and third.weight.grad.any()

    def test_recomputing_wants_a_forward_pass_too(self):
        net = Sequential(ReLU())
        net.recompute = True
        net.eval()(np.ones(3))
        with pytest.raises(RuntimeError, match="Sequential: backward needs a forward pass in training mode"):
            net.backward(np.ones(3))

    def test_repr_is_a_line_a_layer(self):
        assert repr(Sequential(ReLU(), Linear(1, 2))) == "Sequential(\n  0: ReLU()\n  1: Linear(1, 2)\n)"
