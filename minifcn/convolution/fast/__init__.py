"""What makes convolutions fast on a CPU, and nothing else: band by band in the cache, Winograd's algorithm, and
upsampling without columns.

NumPy's arrays only. The whole folder can be deleted: `convolution/algorithms.py` then does without.
"""
