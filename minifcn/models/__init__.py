"""Networks built from the layers."""

from minifcn.models.fcn import FCN, FCN8s, FCN16s, FCN32s

MODELS = {"fcn32s": FCN32s, "fcn16s": FCN16s, "fcn8s": FCN8s}

__all__ = ["FCN", "MODELS", "FCN8s", "FCN16s", "FCN32s"]
