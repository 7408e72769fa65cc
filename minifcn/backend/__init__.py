"""NumPy or CuPy, the host's cores, and its files."""

from minifcn.backend.arrays import DEVICES, Array, array_module, gpu_status, resolve_device, to_device, to_host

__all__ = ["DEVICES", "Array", "array_module", "gpu_status", "resolve_device", "to_device", "to_host"]
