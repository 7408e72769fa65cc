"""Parameters: shape first, numbers on demand; the same numbers from a seed whatever is used or loaded first."""

import copy
import os
import signal
import sys
import threading
import tracemalloc

import numpy as np
import pytest

from minifcn.errors import InputError
from minifcn.layers import Conv2d, Linear, Parameter
from minifcn.layers import parameter as module
from minifcn.layers.parameter import Draws, he_normal, zeros
from minifcn.models import BACKBONES, FCN8s, FCN32s

SHAPES = [(4, 3, 2, 2), (5, 4), (2, 5)]


def by_numpy(seed=3):
    """What the three parameters begin with, drawn at once and in order."""
    rng = np.random.default_rng(seed)
    return [rng.standard_normal(s, dtype=np.float32) * np.sqrt(2 / np.prod(s[1:])).astype("float32") for s in SHAPES]


@pytest.mark.parametrize(
    "data, message",
    [
        ([1.0], "data is a list, expected an array of floats"),
        (np.arange(3), "data is int64, expected floats"),
        (None, "data is a None"),
    ],
)
def test_a_parameter_is_an_array_of_floats(data, message):
    with pytest.raises(InputError, match=f"Parameter: {message}"):
        Parameter(data)


@pytest.mark.parametrize("gradient", [np.ones(3), np.ones((1, 2)), 1.0, [1.0, 1.0]])
def test_a_gradient_has_the_parameter_s_shape(gradient):
    parameter = Parameter(np.zeros(2))
    for give in (parameter.add_grad, lambda gradient: setattr(parameter, "grad", gradient)):
        with pytest.raises(InputError, match=r"the gradient .*, expected an array of the parameter's shape \(2,\)"):
            give(gradient)
    assert not parameter.grad.any()


class TestOnDemand:
    def test_shape_size_and_dtype_are_known_without_numbers(self):
        parameter = he_normal((4, 3, 2, 2))
        assert (parameter.shape, parameter.size, parameter.dtype) == ((4, 3, 2, 2), 48, np.float32)
        assert parameter.waits
        assert parameter.data.shape == (4, 3, 2, 2) and not parameter.waits
        assert parameter.data is parameter.data

    @pytest.mark.parametrize("n_class", [256, 300])
    def test_a_network_of_many_classes_takes_no_memory_until_it_is_used(self, n_class):
        tracemalloc.start()
        model = FCN8s(n_class)
        assert all(parameter.waits for parameter in model.parameters())
        assert tracemalloc.get_traced_memory()[1] < 10e6  # its weights are half a gigabyte and more
        tracemalloc.stop()
        assert dict(model.named_parameters())["upscore8.weight"].shape == (n_class, n_class, 16, 16)

    def test_what_is_loaded_over_is_not_drawn(self):
        def fail():
            raise AssertionError("drawn")

        parameter = Parameter.later((2, 3), fail)
        array = np.arange(6.0).reshape(2, 3)
        parameter.load(array)
        array[...] = 0
        np.testing.assert_array_equal(parameter.data, [[0, 1, 2], [3, 4, 5]])
        assert parameter.data.dtype == "float32"

    def test_dtype_and_device_hold_before_and_after(self):
        for loaded in (False, True):
            parameter = he_normal((300, 2), Draws(1)) if not loaded else zeros((300, 2))
            parameter.astype("float64")
            parameter.to("cpu")
            third = np.full((300, 2), 1 / 3)
            if loaded:
                parameter.load(third)
                np.testing.assert_array_equal(parameter.data, third)  # not rounded to float32 on the way
            assert parameter.dtype == parameter.data.dtype == "float64"

    def test_a_copy_has_the_same_numbers_and_its_own_memory(self):
        layer = Conv2d(2, 3, 3)
        other = copy.deepcopy(layer)
        np.testing.assert_array_equal(layer.weight.data, other.weight.data)
        other.weight.data += 1
        assert (layer.weight.data != other.weight.data).all()

    @pytest.mark.parametrize("device", ["cuda", "gpu"])
    def test_a_device_that_is_not_there_is_refused_at_once(self, monkeypatch, device):
        monkeypatch.setitem(sys.modules, "cupy", None)  # does not import
        parameter = zeros((2,))
        with pytest.raises(InputError, match=device):
            parameter.to(device)
        assert parameter.device == "cpu" and parameter.data.shape == (2,)

    @pytest.mark.parametrize("waits", [True, False])
    @pytest.mark.parametrize(
        "given, message",
        [
            (np.ones(3), r"what is to be loaded has shape \(3,\), the parameter \(2, 3\)"),
            ([[1, 2, 3]] * 2, "what is to be loaded is a list, expected an array of real numbers"),
            (np.full((2, 3), "x"), "what is to be loaded is <U1, expected an array of real numbers"),
        ],
    )
    def test_what_cannot_be_loaded(self, waits, given, message):
        parameter = zeros((2, 3))
        _ = waits or parameter.data
        with pytest.raises(InputError, match=message):
            parameter.load(given)
        assert parameter.data.shape == (2, 3) and not parameter.data.any()

    def test_another_attribute_is_missing_as_everywhere(self):
        with pytest.raises(AttributeError, match="Parameter has no 'dat'"):
            he_normal((2, 2)).dat  # noqa: B018


class TestDraws:
    @pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
    def test_the_order_of_use_does_not_matter(self, order):
        draws = Draws(3)
        parameters = [he_normal(shape, draws) for shape in SHAPES]
        for number in order:
            np.testing.assert_allclose(parameters[number].data, by_numpy()[number], rtol=1e-6)

    def test_nor_what_is_loaded_over_or_gone(self, monkeypatch):
        monkeypatch.setattr("minifcn.layers.parameter.CHUNK", 7)
        draws = Draws(3)
        parameters = [he_normal(shape, draws) for shape in SHAPES]
        parameters[0].load(np.zeros(SHAPES[0]))
        del parameters[1]
        np.testing.assert_allclose(parameters[-1].data, by_numpy()[2], rtol=1e-6)
        assert not parameters[0].data.any()

    def test_a_generator_of_numpys_draws_at_once(self):
        rng = np.random.default_rng(3)
        parameters = [he_normal(shape, rng) for shape in SHAPES]
        rng.standard_normal(9)
        for parameter, expected in zip(parameters, by_numpy(), strict=True):
            np.testing.assert_allclose(parameter.data, expected, rtol=1e-6)

    @pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError])
    @pytest.mark.parametrize("where", ["drawn", "kept"])
    def test_an_interruption_changes_no_number(self, monkeypatch, error, where):
        """Whether it comes while numbers are drawn or before they are the parameter's; at its turn or another's."""
        name = {"drawn": "_he_array", "kept": "to_device"}[where]
        real, calls = getattr(module, name), []

        def interrupted(*args):
            result = real(*args)
            calls.append(args)
            if len(calls) in (1, 3):
                raise error
            return result

        monkeypatch.setattr(module, name, interrupted)
        parameters = [he_normal(shape, draws) for draws in [Draws(3)] for shape in SHAPES]
        for _ in range(2):
            with pytest.raises(error):
                _ = parameters[1].data
        for parameter, expected in zip(parameters, by_numpy(), strict=True):
            np.testing.assert_allclose(parameter.data, expected, rtol=1e-6)

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
    @pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
    def test_a_child_that_is_forked_meanwhile_draws_too(self):
        first, second = (he_normal(shape, draws) for draws in [Draws(3)] for shape in SHAPES[:2])
        begun, forked = threading.Event(), threading.Event()

        def begin():
            begun.set()
            forked.wait()
            return np.zeros(1)

        slow = Parameter.later((1,), begin)
        thread = threading.Thread(target=lambda: slow.data)
        thread.start()
        begun.wait()
        child = os.fork()
        if not child:
            signal.alarm(5)  # ends it where it hangs
            same = np.allclose(second.data, by_numpy()[1], rtol=1e-6)
            os._exit(0 if same else 1)
        forked.set()
        thread.join()
        assert os.waitpid(child, 0)[1] == 0
        assert first.waits

    def test_without_a_seed_they_differ(self):
        assert (Linear(3, 4).weight.data != Linear(3, 4).weight.data).all()

    def test_a_network_used_from_its_end_is_the_network_used_from_its_beginning(self):
        first, last = (BACKBONES["vgg11"](3, 1 / 32, 4, seed=5) for _ in range(2))
        for parameter in reversed(last.parameters()):
            _ = parameter.data
        for one, other in zip(first.parameters(), last.parameters(), strict=True):
            np.testing.assert_array_equal(one.data, other.data)


class TestShared:
    """A convolution's kernel that is a view of a fully connected layer's weights."""

    @pytest.mark.parametrize("first", ["whole", "view"])
    @pytest.mark.parametrize("loaded", [False, True])
    def test_before_and_after(self, first, loaded):
        whole = he_normal((2, 12), Draws(0))
        view = whole.reshaped((2, 3, 2, 2))
        begin = {"whole": whole, "view": view}[first]
        if loaded:
            begin.load(np.arange(24).reshape(begin.shape))
        values = begin.data.ravel().copy()
        np.testing.assert_array_equal(whole.data.ravel(), values)
        np.testing.assert_array_equal(view.data.ravel(), values)
        view.data[0, 0, 0, 0] = 77
        whole.load(whole.data + 1)
        assert whole.data[0, 0] == view.data[0, 0, 0, 0] == 78
        assert np.shares_memory(whole.data, view.data)

    def test_of_numbers_that_are_there(self):
        whole = Parameter(np.zeros((2, 4)))
        assert np.shares_memory(whole.reshaped((2, 1, 2, 2)).data, whole.data)

    def test_another_dtype_is_another_parameter(self):
        whole = he_normal((2, 4), Draws(0))
        view = whole.reshaped((2, 1, 2, 2))
        view.astype("float64")
        view.load(np.full((2, 1, 2, 2), 1 / 3))
        assert whole.data.dtype == "float32" and (whole.data != np.float32(1 / 3)).all()
        assert (view.data == 1 / 3).all()

    def test_an_fcn_on_a_classifier_loads_into_it(self):
        classifier = BACKBONES["vgg16"](2, 1 / 64, 3)
        model = FCN32s(2, backbone=classifier)
        state = {name: np.full(p.shape, 0.5) for name, p in model.named_parameters()}
        model.load_state_dict(state)
        assert (classifier.named["fc6"].weight.data == 0.5).all()


class TestGradients:
    def test_the_layers_give_theirs_away(self, monkeypatch):
        """A copy of fc6's would take 411 MB."""
        given = []
        monkeypatch.setattr(Parameter, "add_grad", lambda self, gradient, fresh=False: given.append(fresh))
        for layer, shape in ((Conv2d(2, 3, 3), (1, 2, 5, 5)), (Linear(4, 2), (3, 4))):
            layer.backward(layer(np.ones(shape, "float32")))
        assert given == [True] * 4

    def test_a_fresh_one_is_kept_as_it_is(self):
        parameter, gradient = Parameter(np.ones(2)), np.ones(2)
        parameter.add_grad(gradient, fresh=True)
        assert parameter.grad is gradient


def test_whoever_asks_is_told_of_each_gradient():
    told, parameter = [], Parameter(np.zeros(3))
    parameter.added = lambda one: told.append(one.grad.tolist())
    parameter.add_grad(np.array([1.0, 2, -3]))
    parameter.add_grad(np.array([0.0, 5, 7]))
    assert told == [[1, 2, -3], [1, 7, 4]]


@pytest.mark.parametrize("shape", [(5,), (2, 2), ()])
@pytest.mark.parametrize("waits", [False, True])
def test_a_shape_of_another_size_is_refused(shape, waits):
    parameter = he_normal((2, 3))
    if not waits:
        assert parameter.data.shape == (2, 3)
    with pytest.raises(InputError, match=r"a parameter of shape \(2, 3\) does not fit the shape"):
        parameter.reshaped(shape)
