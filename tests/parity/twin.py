"""FCN-32s, FCN-16s and FCN-8s in PyTorch, written down independently of ours: crops are literal numbers here.

The channels follow Simonyan and Zisserman's VGG16, the fusions and the crops of padding 100 the FCN paper's
reference nets. With padding "same" a map's first pixel lies at image pixel 15.5 after five poolings, 7.5
after four and 3.5 after three, which gives the other crops.
"""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install -r requirements-test.txt")
nn = torch.nn

SMALL = {"n_class": 5, "width": 1 / 16, "fc_channels": 16}
STAGES = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))


def cut(x, rows, columns, height, width):
    """`height` x `width` pixels from (rows, columns) on; there must be that many."""
    assert x.shape[2] >= rows + height and x.shape[3] >= columns + width
    return x[:, :, rows : rows + height, columns : columns + width]


def like(x, offset, other):
    return cut(x, offset, offset, *other.shape[2:])


class Twin(nn.Module):
    """The trunk of all three: pool3 and pool4 for the skips, and the scores at stride 32."""

    def __init__(self, n_class, width, fc_channels, padding):
        super().__init__()
        self.paper = padding == 100
        channels = 3
        for stage, sizes in enumerate(STAGES, 1):
            for number, size in enumerate(sizes, 1):
                pad = 100 if self.paper and stage == number == 1 else 1
                layer = nn.Conv2d(channels, int(size * width), 3, padding=pad)
                self.add_module(f"conv{stage}_{number}", layer)
                channels = int(size * width)
        self.pool = nn.MaxPool2d(2, stride=2, ceil_mode=True)
        self.fc6 = nn.Conv2d(channels, fc_channels, 7, padding=0 if self.paper else 3)
        self.fc7 = nn.Conv2d(fc_channels, fc_channels, 1)
        self.score_fr = nn.Conv2d(fc_channels, n_class, 1)

    def trunk(self, x):
        pools = []
        for stage, sizes in enumerate(STAGES, 1):
            for number in range(1, len(sizes) + 1):
                x = torch.relu(getattr(self, f"conv{stage}_{number}")(x))
            x = self.pool(x)
            pools.append(x)
        x = torch.relu(self.fc7(torch.relu(self.fc6(x))))
        return pools[2], pools[3], self.score_fr(x)


def up(n_class, size, stride):
    return nn.ConvTranspose2d(n_class, n_class, size, stride=stride, bias=False)


class Twin32s(Twin):
    def __init__(self, n_class, width, fc_channels, padding):
        super().__init__(n_class, width, fc_channels, padding)
        self.upscore = up(n_class, 64, 32)

    def forward(self, images):
        _, _, score = self.trunk(images)
        return like(self.upscore(score), 19 if self.paper else 16, images)


class Twin16s(Twin):
    def __init__(self, n_class, width, fc_channels, padding):
        super().__init__(n_class, width, fc_channels, padding)
        self.score_pool4 = nn.Conv2d(self.conv4_3.out_channels, n_class, 1)
        self.upscore2 = up(n_class, 4, 2)
        self.upscore16 = up(n_class, 32, 16)

    def forward(self, images):
        _, pool4, score = self.trunk(images)
        score, skip = self.upscore2(score), self.score_pool4(pool4)
        fused = score + like(skip, 5, score) if self.paper else like(score, 1, skip) + skip
        return like(self.upscore16(fused), 27 if self.paper else 8, images)


class Twin8s(Twin):
    def __init__(self, n_class, width, fc_channels, padding):
        super().__init__(n_class, width, fc_channels, padding)
        self.score_pool4 = nn.Conv2d(self.conv4_3.out_channels, n_class, 1)
        self.score_pool3 = nn.Conv2d(self.conv3_3.out_channels, n_class, 1)
        self.upscore2 = up(n_class, 4, 2)
        self.upscore_pool4 = up(n_class, 4, 2)
        self.upscore8 = up(n_class, 16, 8)

    def forward(self, images):
        pool3, pool4, score = self.trunk(images)
        score, skip = self.upscore2(score), self.score_pool4(pool4)
        fused = score + like(skip, 5, score) if self.paper else like(score, 1, skip) + skip
        score, skip = self.upscore_pool4(fused), self.score_pool3(pool3)
        fused = score + like(skip, 9, score) if self.paper else like(score, 1, skip) + skip
        return like(self.upscore8(fused), 31 if self.paper else 4, images)


def fill_evenly(model, rng):
    """Random parameters, scaled so that every layer carries signal: zero score layers hide the others."""
    for name, parameter in model.named_parameters():
        shape = parameter.data.shape
        if name.endswith("bias"):
            scale = 0.1
        elif name.startswith("upscore"):
            scale = np.sqrt(1 / (4 * shape[0]))  # two by two taps of each channel meet in an output
        else:
            scale = np.sqrt(2 / np.prod(shape[1:]))
        parameter.data[...] = scale * rng.standard_normal(shape)
