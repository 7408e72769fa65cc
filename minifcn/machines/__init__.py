"""One network trained by several processes, on one machine or many: synchronous data-parallel SGD."""

from minifcn.machines.exchange import Exchange
from minifcn.machines.group import Group

__all__ = ["Exchange", "Group"]
