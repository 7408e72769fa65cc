"""The convolutional part of VGG16 (Simonyan, Zisserman 2014, configuration D), as a fully convolutional net uses it."""

from minifcn.layers import Conv2d, MaxPool2d, ReLU

VGG16 = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))  # channels, block by block


def vgg_block(number, in_channels, channels, rng, first_padding=1):
    """{published name: layer} of one block: 3x3 convolutions with ReLU, then a 2x2 max-pooling that rounds up.

    number         1..5, for the names ("conv3_2", "relu3_2", "pool3")
    channels       outputs of each convolution
    first_padding  of the block's first convolution
    """
    layers = {}
    for i, out_channels in enumerate(channels, start=1):
        padding = first_padding if i == 1 else 1
        layers[f"conv{number}_{i}"] = Conv2d(in_channels, out_channels, 3, padding=padding, rng=rng)
        layers[f"relu{number}_{i}"] = ReLU(inplace=True)
        in_channels = out_channels
    # Rounding up: rounding down would leave 372 of the sizes 1..1024 without enough pixels for FCN-32s' last crop.
    layers[f"pool{number}"] = MaxPool2d(2, 2, ceil_mode=True)
    return layers
