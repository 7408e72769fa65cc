"""The inputs that PyTorch tests its own operators and modules with, outputs and gradients, in float64."""

import contextlib
import importlib
import inspect
import warnings
from functools import partial

import numpy as np
import torch

from minifcn.errors import InputError
from minifcn.layers import SoftmaxCrossEntropy

from .torch_functions import FUNCTIONS, Call, array, cross_entropy
from .verdicts import Verdicts, layer, made

TOLERANCE = 1e-10
MODULES = {
    "AvgPool2d",
    "Conv2d",
    "ConvTranspose2d",
    "CrossEntropyLoss",
    "Linear",
    "LocalResponseNorm",
    "MaxPool2d",
    "NLLLoss",
    "ReLU",
    "ZeroPad2d",
}


def of_pytorchs_tests(name):
    """A module of PyTorch's own tests; as these are imported they forbid the process to set cuDNN's flags: undone."""
    module = importlib.import_module(f"torch.testing._internal.{name}")
    setattr(torch.backends.m, "__allow_nonbracketed_mutation_flag", True)
    return module


def functions():
    """{name: entry of PyTorch's table} of the functions that have a layer here, a variant of one by its own name."""
    table = of_pytorchs_tests("common_methods_invocations").op_db
    return {f"{op.name[14:]} {op.variant_test_name}".strip(): op for op in table if op.name in FUNCTIONS}


def of_functions(chosen=None):
    """Verdicts on every sample input of these `functions`, of all without any."""
    verdicts = Verdicts()
    with quiet():
        for name, op in functions().items():
            if chosen and name not in chosen:
                continue
            torch.manual_seed(0)
            for number, sample in enumerate(op.sample_inputs("cpu", torch.float64, requires_grad=True)):
                verdicts.judge(name, f"{number}, {sample.summary()}", partial(compare_function, op, sample))
    return verdicts


def compare_function(op, sample):
    x, args, kwargs = sample.input, sample.args, unsigned(sample.kwargs)
    call = FUNCTIONS[op.name](x, *args, **kwargs)
    compare(call, lambda: op(of_loss(op.name, x), *args, **kwargs), x)


def of_modules():
    """Verdicts on every input of the modules that have a layer here."""
    module_db = of_pytorchs_tests("common_modules").module_db
    verdicts = Verdicts()
    with quiet():
        for info in (info for info in module_db if info.module_cls.__name__ in MODULES):
            torch.manual_seed(0)
            for given in info.module_inputs_func(info, "cpu", torch.float64, True, training=True):
                name = info.module_cls.__name__
                verdicts.judge(name, given.desc or "plain", partial(compare_module, info.module_cls, given))
    return verdicts


def compare_module(kind, given):
    made_of, taken = given.constructor_input, given.forward_input
    module = kind(*made_of.args, **unsigned(made_of.kwargs)).double()
    call = call_of(kind, given)
    x, *more = *taken.args, *taken.kwargs.values()
    call.parameters.update(module.named_parameters())
    if call.parameters:
        call.layer.astype("float64").load_state_dict({name: array(p) for name, p in call.parameters.items()})
    compare(call, lambda: module(of_loss(kind.__name__, x), *more), x)


def call_of(kind, given):
    """The call of the layer that a module is here, its parameters still its own."""
    made_of, taken = given.constructor_input, given.forward_input
    args, kwargs = made_of.args, unsigned(made_of.kwargs)
    x, *more = *taken.args, *taken.kwargs.values()
    if kind in (torch.nn.CrossEntropyLoss, torch.nn.NLLLoss):
        return cross_entropy(x, *more, **kwargs)
    return Call(made(layer(kind.__name__), **inspect.signature(kind).bind(*args, **kwargs).arguments), (array(x),))


def unsigned(kwargs):
    """The same arguments with class weights of at least 0, on both sides: here others are refused."""
    return {name: value.abs() if name == "weight" else value for name, value in kwargs.items()}


def of_loss(name, x):
    """x as nll_loss takes it: here softmax belongs to the loss."""
    return torch.log_softmax(x, min(1, x.ndim - 1)) if name in ("NLLLoss", "nn.functional.nll_loss") else x


def compare(call, theirs, x):
    """Raises AssertionError where outputs or gradients are not equal to PyTorch's; x is its input."""
    rng = np.random.default_rng(0)
    before = call.inputs[0].copy()
    y = call.layer(*call.inputs)
    y_torch = theirs()
    outputs = (y, y_torch) if isinstance(y, tuple) else ((y,), (y_torch,))
    for place, (one, other) in enumerate(zip(*outputs, strict=True)):
        equal(one, other, f"output {place}")
    y, y_torch = (some[0] for some in outputs)
    np.testing.assert_array_equal(call.inputs[0], before, err_msg="the input was changed")
    if not call.layer.training:
        return
    tensors = {"the input": x, **call.parameters}
    for tensor in tensors.values():
        tensor.grad = None
    if isinstance(call.layer, SoftmaxCrossEntropy) and call.layer.reduction != "none":
        y_torch.backward()
        dx = call.layer.backward()
    else:
        dy = rng.standard_normal(y.shape)
        y_torch.backward(torch.from_numpy(dy.copy()))
        dx = call.layer.backward(dy)
    ours = {"the input": dx, **{name: getattr(call.layer, name).grad for name in call.parameters}}
    for name, tensor in tensors.items():
        equal(ours[name], tensor.grad, f"gradient of {name}")


def equal(ours, theirs, what):
    """AssertionError unless both are of one shape, and equal to 1e-10 of the largest number."""
    theirs = theirs.detach().numpy()
    assert isinstance(ours, (np.ndarray, float)), f"{what} is {type(ours).__name__}"
    assert np.shape(ours) == theirs.shape, f"{what} has shape {np.shape(ours)}, PyTorch's {theirs.shape}"
    assert np.asarray(ours).dtype == theirs.dtype, f"{what} is {np.asarray(ours).dtype}, PyTorch's {theirs.dtype}"
    limit = TOLERANCE * np.abs(theirs).max(initial=0)
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=limit, err_msg=what)


def of_refusals():
    """Verdicts on the inputs that PyTorch's functions and modules must refuse: equal where the layers here do, too."""
    module_db = of_pytorchs_tests("common_modules").module_db
    verdicts = Verdicts()
    with quiet():
        for name, op in functions().items():
            for case in op.error_inputs("cpu") if op.error_inputs_func else ():
                sample = case.sample_input
                call = partial(FUNCTIONS[op.name], sample.input, *sample.args, **sample.kwargs)
                verdicts.judge(name, sample.summary(), partial(refused, call))
        for info in (info for info in module_db if info.module_cls.__name__ in MODULES):
            cases = info.module_error_inputs_func or (lambda *_, **__: ())
            for case in cases(info, "cpu", torch.float64, True, training=True):
                call = partial(call_of, info.module_cls, case.module_error_input)
                verdicts.judge(info.module_cls.__name__, str(case.error_regex), partial(refused, call))
    return verdicts


def refused(call):
    """Raises AssertionError, or another error itself, unless the layer of `call()` is refused with an InputError."""
    try:
        made_call = call()
        made_call.layer(*made_call.inputs)
    except InputError:
        return
    raise AssertionError("accepted, which PyTorch refuses")


@contextlib.contextmanager
def quiet():
    """No warnings of PyTorch's, of which some functions are old; and one thread, for numbers that repeat."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
    torch.set_num_threads(before)
