"""The same networks in PyTorch, for tools/benchmark.py: RDN in its light configuration, SRCNN, CARN-M and the ResNets.

Sublayers are called as in paddle_cv, so that `twin_of` can load the very weights; it compares the outputs before anything is
measured. PyTorch is no requirement of this project: only the benchmark imports this file, where it finds torch.
"""

import numpy as np
import paddle
import torch
from torch import nn


class DenseLayer(nn.Module):
    def __init__(self, channels, growth):
        super().__init__()
        self.conv = nn.Sequential(nn.Conv2d(channels, growth, 3, padding=1), nn.ReLU(inplace=True))

    def forward(self, x):
        return torch.cat([x, self.conv(x)], 1)


class DenseBlock(nn.Module):
    def __init__(self, features, growth, layers):
        super().__init__()
        self.convs = nn.Sequential(*(DenseLayer(features + i * growth, growth) for i in range(layers)))
        self.LFF = nn.Conv2d(features + layers * growth, features, 1)

    def forward(self, x):
        return self.LFF(self.convs(x)) + x


class DirectUpsampling(nn.Module):
    def __init__(self, scale, features):
        super().__init__()
        self.repeats = scale**2
        self.conv = nn.Conv2d(features, 3 * scale**2, 3, padding=1)
        self.shuffle = nn.PixelShuffle(scale)

    def forward(self, features, x):
        return self.shuffle(self.conv(features) + x.repeat_interleave(self.repeats, 1))


class RDN(nn.Module):
    def __init__(self, scale, num_blocks, num_layers, growth_rate, num_features, direct):
        super().__init__()
        self.SFENet1 = nn.Conv2d(3, num_features, 3, padding=1)
        self.SFENet2 = nn.Conv2d(num_features, num_features, 3, padding=1)
        self.RDBs = nn.ModuleList(DenseBlock(num_features, growth_rate, num_layers) for _ in range(num_blocks))
        self.GFF = nn.Sequential(
            nn.Conv2d(num_blocks * num_features, num_features, 1), nn.Conv2d(num_features, num_features, 3, padding=1)
        )
        self.UPNet = DirectUpsampling(scale, num_features)

    def forward(self, x):
        shallow = self.SFENet1(x)
        features, outputs = self.SFENet2(shallow), []
        for block in self.RDBs:
            features = block(features)
            outputs.append(features)
        return self.UPNet(self.GFF(torch.cat(outputs, 1)) + shallow, x)


class SRCNN(nn.Module):
    def __init__(self, scale, kernel_sizes=(9, 1, 5)):
        super().__init__()
        f1, f2, f3 = kernel_sizes
        self.conv1 = nn.Conv2d(1, 64, f1, padding=f1 // 2)
        self.conv2 = nn.Conv2d(64, 32, f2, padding=f2 // 2)
        self.conv3 = nn.Conv2d(32, 1, f3, padding=f3 // 2)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x):
        return self.conv3(self.relu(self.conv2(self.relu(self.conv1(x)))))


class Unit(nn.Module):
    """CARN-M's block of two group convolutions and a 1x1 convolution."""

    def __init__(self, features, groups):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(features, features, 3, padding=1, groups=groups),
            nn.ReLU(inplace=True),
            nn.Conv2d(features, features, 3, padding=1, groups=groups),
            nn.ReLU(inplace=True),
            nn.Conv2d(features, features, 1),
        )
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x):
        return self.relu(self.body(x) + x)


class Joint(nn.Module):
    def __init__(self, features, count):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(count * features, features, 1), nn.ReLU(inplace=True))

    def forward(self, outputs):
        return self.body(torch.cat(outputs, 1))


def cascade(module, x, stages):
    outputs = [x]
    for stage, joint in zip(stages, (module.c1, module.c2, module.c3)):
        outputs.append(stage(x))
        x = joint(outputs)
    return x


class CascadingBlock(nn.Module):
    def __init__(self, features, groups):
        super().__init__()
        self.b1 = Unit(features, groups)
        self.c1, self.c2, self.c3 = (Joint(features, count) for count in (2, 3, 4))

    def forward(self, x):
        return cascade(self, x, (self.b1,) * 3)


class Enlargement(nn.Module):
    def __init__(self, scale, features, groups):
        super().__init__()
        layers = []
        for factor in (3,) if scale == 3 else (2,) * (scale // 2):
            layers += [
                nn.Conv2d(features, factor**2 * features, 3, padding=1, groups=groups),
                nn.ReLU(inplace=True),
                nn.PixelShuffle(factor),
            ]
        self.body = nn.Sequential(*layers)

    def forward(self, x):
        return self.body(x)


class CARN(nn.Module):
    """CARN-M with the up-sampling of all three scales."""

    def __init__(self, scale, groups):
        super().__init__()
        self.used = f"up{scale}"
        self.sub_mean, self.add_mean = nn.Conv2d(3, 3, 1), nn.Conv2d(3, 3, 1)
        self.entry = nn.Conv2d(3, 64, 3, padding=1)
        self.b1, self.b2, self.b3 = (CascadingBlock(64, groups) for _ in range(3))
        self.c1, self.c2, self.c3 = (Joint(64, count) for count in (2, 3, 4))
        self.upsample = nn.ModuleDict({f"up{branch}": Enlargement(branch, 64, groups) for branch in (2, 3, 4)})
        self.exit = nn.Conv2d(64, 3, 3, padding=1)

    def forward(self, x):
        x = cascade(self, self.entry(self.sub_mean(x)), (self.b1, self.b2, self.b3))
        return self.add_mean(self.exit(self.upsample[self.used](x)))


class ResidualBlock(nn.Module):
    """Both kinds of ResNet: two 3x3 convolutions, or 1x1, 3x3 and 1x1."""

    def __init__(self, channels, out_channels, stride, bottleneck):
        super().__init__()
        width = out_channels // 4 if bottleneck else out_channels
        kernels = ((channels, width, 1, 1), (width, width, 3, stride), (width, out_channels, 1, 1))
        if not bottleneck:
            kernels = ((channels, width, 3, stride), (width, width, 3, 1))
        for number, (before, after, kernel, step) in enumerate(kernels, 1):
            setattr(self, f"conv{number}", nn.Conv2d(before, after, kernel, step, kernel // 2, bias=False))
            setattr(self, f"bn{number}", nn.BatchNorm2d(after))
        self.relu = nn.ReLU(inplace=True)
        self.length, self.downsample = len(kernels), None
        if stride > 1 or channels != out_channels:
            self.downsample = nn.Sequential(
                nn.Conv2d(channels, out_channels, 1, stride, bias=False), nn.BatchNorm2d(out_channels)
            )

    def forward(self, x):
        y = x
        for number in range(1, self.length + 1):
            y = getattr(self, f"bn{number}")(getattr(self, f"conv{number}")(y))
            y = self.relu(y) if number < self.length else y
        return self.relu(y + (x if self.downsample is None else self.downsample(x)))


class ResNet(nn.Module):
    def __init__(self, depths=(3, 4, 6, 3), bottleneck=True):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64)
        self.relu, self.maxpool = nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1)
        channels = 64
        for number, depth in enumerate(depths):
            blocks, out_channels = [], (256 if bottleneck else 64) * 2**number
            for place in range(depth):
                blocks.append(ResidualBlock(channels, out_channels, 2 if number and not place else 1, bottleneck))
                channels = out_channels
            setattr(self, f"layer{number + 1}", nn.Sequential(*blocks))
        self.fc = nn.Linear(channels, 1000)

    def forward(self, x):
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(x.mean((2, 3)))


TWINS = {"RDN": RDN, "SRCNN": SRCNN, "CARN": CARN, "ResNet": ResNet}


def twin_of(network, spec):
    """The PyTorch module with the weights of a network, in eval mode; None where there is no twin of its kind.

    Raises:
        AssertionError: They do not compute the same.
    """
    try:
        twin = TWINS[spec.network.__name__](**spec.hyperparameters)
    except (KeyError, TypeError):  # another class, or hyperparameters that the twin lacks
        return None
    names = {"_mean": "running_mean", "_variance": "running_var"}
    linear = {f"{name}.weight" for name, layer in network.named_sublayers() if isinstance(layer, paddle.nn.Linear)}
    state = {}
    for key, value in network.state_dict().items():
        owner, _, last = key.rpartition(".")
        array = value.numpy().T if key in linear else value.numpy()
        if not key.startswith("stored_"):
            state[f"{owner}.{names.get(last, last)}"] = torch.from_numpy(np.ascontiguousarray(array))
    missing, surplus = twin.load_state_dict(state, strict=False)
    assert not surplus and all(key.endswith("num_batches_tracked") for key in missing), (missing, surplus)
    twin.eval()
    network.eval()
    side = max(spec.input_size or 0, 32)
    x = np.random.default_rng(0).random((1, spec.in_channels, side, side), np.float32)
    with paddle.no_grad(), torch.no_grad():
        expected, result = network(paddle.to_tensor(x)).numpy(), twin(torch.from_numpy(x)).numpy()
    np.testing.assert_allclose(result, expected, atol=1e-4 * np.abs(expected).max())
    return twin


def torch_engine(twin, threads):
    """Runs a twin in channels-last layout; the same call as the engines of paddle_cv."""
    torch.set_num_threads(threads)
    twin = twin.to(memory_format=torch.channels_last)

    def run(x):
        with torch.inference_mode():
            return twin(torch.from_numpy(np.ascontiguousarray(x)).to(memory_format=torch.channels_last)).numpy()

    return run


def torch_step(twin, x, y, loss, threads):
    """A training step of a twin in channels-last layout by Adam, as the benchmark's others; it returns the loss."""
    torch.set_num_threads(threads)
    twin = twin.train().to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(twin.parameters(), 1e-4)
    inputs, target = torch.from_numpy(x).to(memory_format=torch.channels_last), torch.from_numpy(y)

    def step():
        value = getattr(nn.functional, loss)(twin(inputs), target)
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        return value.item()

    return step
