"""Grading what a class handed in: every answer in a process of its own.

The checks run here, and ask the process for one value after the other; what
comes back is numbers and arrays, never code, and counts for nothing but that.
"""
