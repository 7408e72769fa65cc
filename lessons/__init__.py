"""The lessons: numbered scripts in cells, and what walks through them."""
