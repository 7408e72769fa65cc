"""One network trained by several processes, on one machine or many: synchronous data-parallel SGD."""

from minifcn.machines.group import ALONE, Group

__all__ = ["ALONE", "Group"]
