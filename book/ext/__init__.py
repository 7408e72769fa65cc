"""What the book adds to Sphinx, one idea a file; conf.py names them as extensions."""
