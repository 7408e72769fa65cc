"""Files of `torch.save`, read without PyTorch."""

from minifcn.weights.pth.reading import is_archive, is_legacy, read_pth

__all__ = ["is_archive", "is_legacy", "read_pth"]
