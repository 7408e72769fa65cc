"""NumPy or CuPy, and the host's cores."""

from minifcn.backend.arrays import (
    DEVICES,
    Array,
    GpuStatus,
    array_module,
    gpu_status,
    resolve_device,
    to_device,
    to_host,
)

__all__ = ["DEVICES", "Array", "GpuStatus", "array_module", "gpu_status", "resolve_device", "to_device", "to_host"]
