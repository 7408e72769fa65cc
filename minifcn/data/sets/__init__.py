"""The data sets, one a file, and what several of them share."""
