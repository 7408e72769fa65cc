"""Comparisons with PyTorch. Each module here skips, with a reason, where PyTorch is not installed."""
