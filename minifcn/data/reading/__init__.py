"""One file of somebody's: a photo, a mask, a list; and what it says."""
