"""Cases that others wrote, through the layers here: ONNX's node tests, and PyTorch's inputs for its own tests."""
