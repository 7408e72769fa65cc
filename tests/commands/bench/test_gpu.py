"""What CuPy knows beyond arrays, on a fake with CuPy's names (`tests/test_cupy_names.py` looks them up in its list)."""

import sys
import weakref
from types import ModuleType, SimpleNamespace

import pytest

from minifcn.commands.bench import gpu, launches, peers


class FakeCuPy:
    """Its clock moves by a second with every call of `work`; `done` notes what it was told to do."""

    def __init__(self):
        self.done, self.now, fake = [], 0.0, self

        class Event:
            def record(self):
                fake.done.append("record")
                self.at = fake.now

            def synchronize(self):
                fake.done.append("synchronize event")

        class Device:
            id, compute_capability, mem_info, cublas_handle = 3, "90", (int(60e9), int(80e9)), "handle"

            def synchronize(self):
                fake.done.append("wait")

        pool = SimpleNamespace(free_all_blocks=lambda: self.done.append("free"), total_bytes=lambda: 7e9)
        properties = {"name": b"A card", "multiProcessorCount": 132}
        self.cupy = ModuleType("cupy")
        self.cupy.__version__ = "14.2.0"
        self.cupy.get_default_memory_pool = lambda: pool
        self.cupy.get_default_pinned_memory_pool = lambda: SimpleNamespace(free_all_blocks=lambda: None)
        self.cupy.cuda = SimpleNamespace(
            Event=Event,
            is_available=lambda: True,
            Device=Device,
            get_elapsed_time=lambda start, end: 1e3 * (end.at - start.at),
            get_local_runtime_version=lambda: 12090,
            runtime=SimpleNamespace(
                driverGetVersion=lambda: 13000, getDeviceProperties=lambda number: {3: properties}[number]
            ),
        )
        self.cublas = SimpleNamespace(getVersion=lambda handle: {"handle": 120900}[handle])
        types = {"COMPUTE_TYPE_TF32": 7, "COMPUTE_TYPE_FP32": 4}
        self.linalg = SimpleNamespace(**types, set_compute_type=lambda *given: self.done.append(given))

    def work(self):
        self.now += 1
        self.done.append("work")


@pytest.fixture
def fake(monkeypatch):
    fake = FakeCuPy()
    core = ModuleType("cupy._core")
    core._routines_linalg = fake.linalg
    monkeypatch.setitem(sys.modules, "cupy", fake.cupy)
    monkeypatch.setitem(sys.modules, "cupy._core", core)
    monkeypatch.setitem(sys.modules, "cupy.cuda", ModuleType("cupy.cuda"))
    sys.modules["cupy.cuda"].cublas = fake.cublas
    monkeypatch.setattr(peers, "_tried", lambda device: (None, "ImportError: no PyTorch"))
    return fake


def test_a_time_is_between_two_events_and_begins_when_all_before_is_done(fake):
    assert gpu.seconds_of(fake.work, 3) == 3
    assert fake.done == ["wait", "record", "work", "work", "work", "record", "synchronize event"]


def test_tf32_is_asked_for_and_not(fake, monkeypatch):
    told = []
    monkeypatch.setattr(peers, "allow_tf32", told.append)
    gpu.allow_tf32(True)
    gpu.allow_tf32(False)
    assert fake.done == [("float32", 7), ("float32", 4)] and told == [True, False]
    assert gpu.has_tf32()
    fake.cupy.cuda.Device.compute_capability = "75"
    assert not gpu.has_tf32()


def test_memory_is_what_the_pool_holds_after_two_calls(fake):
    assert gpu.memory_held("plain", fake.work) == 7e9
    assert fake.done == ["free", "work", "work", "wait"]


def told():
    return {what: which for what, (which,) in gpu.facts()}


def test_what_nobody_uses_is_given_back_although_it_refers_to_itself(fake):
    class Net:
        pass

    net = Net()
    net.itself, gone = net, weakref.ref(net)
    del net
    gpu.release()
    assert gone() is None and fake.done[0] == "free"


def test_a_pytorch_that_cannot_use_the_card_is_none(monkeypatch):
    """Its own CPU build, or one for other cards: `is_available` may say yes."""
    torch = SimpleNamespace(set_num_threads=lambda count: None, backends=SimpleNamespace(cudnn=SimpleNamespace()))
    torch.ones = lambda *shape: SimpleNamespace(to={"cuda": Unusable()}.get)
    monkeypatch.setitem(sys.modules, "torch", torch)
    peers._tried.cache_clear()
    try:
        assert peers.pytorch("gpu") is None and peers.pytorch("cpu") is torch
        assert peers.missing("gpu") == "RuntimeError: no kernel image is available" and peers.missing("cpu") == ""
        monkeypatch.setitem(sys.modules, "torch", None)
        peers._tried.cache_clear()
        assert peers.pytorch("cpu") is None and peers.missing("cpu").startswith("ModuleNotFoundError: import of torch")
    finally:
        peers._tried.cache_clear()


def test_on_the_cpu_nothing_is_asked_of_cudnn(monkeypatch):
    """Whose flags cannot be set in a process that has imported PyTorch's own tests."""
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    monkeypatch.setattr(torch.backends.m, "__allow_nonbracketed_mutation_flag", False)
    peers._tried.cache_clear()
    try:
        assert peers.pytorch("cpu") is torch
    finally:
        peers._tried.cache_clear()


class Unusable:
    def __matmul__(self, other):
        raise RuntimeError("no kernel image is available\nfor this card")


def test_pytorchs_own_events_have_what_is_asked_of_them():
    torch = pytest.importorskip("torch")
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profile:
        torch.ones(3) + 1
    assert torch.profiler.ProfilerActivity.CPU in torch.profiler.supported_activities()
    event = next(event for event in profile.events() if event.name == "aten::add")
    assert event.device_type == torch.autograd.DeviceType.CPU and event.time_range.elapsed_us() > 0
    assert event.is_user_annotation is False and not launches._no_work(event)


def test_facts(fake):
    facts = told()
    assert facts["GPU"] == "A card" == gpu.name()
    assert facts["compute capability"] == "9.0" and facts["multiprocessors"] == "132"
    assert facts["memory"] == "80.0 GB, 60.0 of them free"
    assert facts["driver"].endswith("CUDA up to 13.0") and facts["CUDA runtime"] == "12.9"
    fake.cupy.cuda.Device.compute_capability = "120"
    assert told()["compute capability"] == "12.0"
    assert facts["cuBLAS"] == "120900" and facts["CuPy"] == "14.2.0"
    assert facts["PyTorch"] == "nothing is compared with it (ImportError: no PyTorch)"


def test_what_cannot_be_found_out_is_said(fake):
    del fake.cublas.getVersion
    assert told()["cuBLAS"] == "not found out: AttributeError"


class FakeTorch:
    """A profiler that reports these events."""

    def __init__(self, *events, activities=("CPU", "CUDA")):
        def profile(activities):
            return self

        kind = SimpleNamespace(CUDA="CUDA", CPU="CPU")
        self.profiler = SimpleNamespace(
            ProfilerActivity=kind, supported_activities=lambda: set(activities), profile=profile
        )
        self.autograd = SimpleNamespace(DeviceType=kind)
        self.events = lambda: [self._event(*event) for event in events]

    def _event(self, name, microseconds, device="CUDA", annotation=False):
        length = SimpleNamespace(elapsed_us=lambda: microseconds)
        return SimpleNamespace(name=name, time_range=length, device_type=device, is_user_annotation=annotation)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


EVENTS = (
    ("aten::add", 99, "CPU"),
    ("cupy_add__float32", 3),
    ("sgemm", 5),
    ("Memcpy HtoD (Pageable -> Device)", 2),
    ("Memcpy DtoH (Device -> Pageable)", 1),
    ("Memcpy DtoD (Device -> Device)", 4),
    ("Memset (Device)", 1),
    ("Optimizer.step#SGD.step", 50, "CUDA", True),
    ("Stream Sync", 70),
    ("Stream Wait Event", 70),
)


@pytest.mark.parametrize(
    "torch, expected",
    [
        (FakeTorch(*EVENTS), launches.Launches(2, 1, 1, 1, 1, 16e-6)),
        (FakeTorch(EVENTS[0]), None),  # a CUPTI that reports nothing
        (FakeTorch(*EVENTS, activities=["CPU"]), None),
        (None, None),
    ],
)
def test_launches(fake, monkeypatch, torch, expected):
    monkeypatch.setattr(peers, "pytorch", lambda device: torch)
    counted = launches.count(fake.work)
    assert counted == (expected and pytest.approx(expected))
    if counted:
        assert counted.launches == 6
        assert fake.done.count("work") == 3  # the first compiles, the second sets the profiler up
