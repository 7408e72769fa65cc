"""The fast ways of a CPU to the numbers of a convolution: band by band in the cache, and Winograd's."""
