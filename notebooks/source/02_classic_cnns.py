# %% [markdown] lang="zh"
# # 经典卷积网络：从 LeNet 到 Res2Net
#
# 二十多年里，卷积网络越来越深，也越来越会省计算。本章沿着课程的顺序走一遍：每个网络一个想法；用表格比较代价；用 `Fusion` 看清“相加、拼接、1 × 1 卷积”三种融合；
# 用同样深的普通网络与残差网络看梯度；最后把第一层滤波器与特征图画出来。

# %% [markdown] lang="en"
# # Classic CNNs: from LeNet to Res2Net
#
# In more than twenty years convolutional networks became deeper, and better at saving work. This chapter follows the course: an idea for each
# network; tables of what they cost; sum, concatenation and 1 × 1 convolution by `Fusion`; the gradient in a plain and in a residual
# network of the same depth; and pictures of filters and feature maps.

# %% from="setup"

# %% [markdown] lang="zh"
# ## 1. 每个网络一个想法
#
# | 网络 | 年份 | 想法 |
# |---|---|---|
# | LeNet | 1998 | 卷积 → 池化 → 全连接 |
# | AlexNet | 2012 | 更大、ReLU、Dropout、GPU、ImageNet |
# | VGG | 2014 | 只用 3 × 3，叠得更深：两层 3 × 3 看到的范围等于一层 5 × 5，参数却少 28 % |
# | NiN | 2013 | 1 × 1 卷积：每个像素上的小全连接网络；全局平均池化代替全连接层 |
# | GoogLeNet | 2014 | 并行的 1 × 1、3 × 3、5 × 5 分支，拼接（concat）；先用 1 × 1 降通道 |
# | ResNet | 2015 | 恒等捷径，相加（sum）：很深也能训练 |
# | Inception-v4 | 2016 | 把 7 × 7 拆成 1 × 7 与 7 × 1 |
# | ResNeXt | 2016 | 分组卷积：32 组并行 |
# | ShuffleNet | 2017 | 分组的 1 × 1 卷积 + 通道重排，让组与组交换信息 |
# | DenseNet | 2016 | 每层都看到前面所有层（concat） |
# | SENet | 2017 | 按通道加权：先压缩（全局平均），再激励（两层全连接） |
# | Res2Net | 2019 | 一个块内部再分成几组，前一组的输出交给下一组：多种感受野 |

# %% [markdown] lang="en"
# ## 1. An idea for each network
#
# | network | year | idea |
# |---|---|---|
# | LeNet | 1998 | convolution → pooling → dense layers |
# | AlexNet | 2012 | larger; ReLU, dropout, GPUs, ImageNet |
# | VGG | 2014 | 3 × 3 only, and more of them: two of 3 × 3 see as far as one of 5 × 5, with 28 % fewer weights |
# | NiN | 2013 | 1 × 1 convolution: a small dense network at each pixel; global average pooling in place of dense layers |
# | GoogLeNet | 2014 | branches of 1 × 1, 3 × 3, 5 × 5 side by side, concatenated; 1 × 1 convolutions reduce the channels first |
# | ResNet | 2015 | shortcuts that are added (sum): very deep networks can be trained |
# | Inception-v4 | 2016 | 7 × 7 is split into 1 × 7 and 7 × 1 |
# | ResNeXt | 2016 | grouped convolution: 32 groups side by side |
# | ShuffleNet | 2017 | grouped 1 × 1 convolutions, and a shuffle of channels by which groups exchange what they know |
# | DenseNet | 2016 | each layer sees all before it (concat) |
# | SENet | 2017 | weighs channels: squeeze (global mean), excite (two dense layers) |
# | Res2Net | 2019 | groups inside a block, each given the result of the one before: receptive fields of many sizes |

# %% [markdown] lang="zh"
# ## 2. 它们的代价
#
# 参数个数与乘加次数（MACs），一张 224 × 224 的图片（LeNet：32 × 32；Inception-v4：299 × 299）。全连接层多的网络参数多（VGG），卷积多的网络计算多。

# %% [markdown] lang="en"
# ## 2. What they cost
#
# Parameters and multiply-accumulates (MACs) for one picture of 224 × 224 pixels (LeNet: 32 × 32, Inception-v4: 299 × 299). Dense layers have the
# parameters (VGG), convolutions the work.

# %% check=0.0
from paddle_cv.analysis import cost_table, course_table, show

names = [
    "lenet",
    "alexnet",
    "vgg16",
    "nin_imagenet",
    "googlenet",
    "resnet18",
    "resnet50",
    "inception_v4",
    "resnext50_32x4d",
]
names += ["shufflenet_g3_w1", "densenet121", "seresnet50", "res2net50_26w_4s"]
costs = {name: cost_table(name) for name in names}
rows = []
for name, cost in costs.items():
    rows.append(
        {
            "network": name,
            "layers": len(cost.layers),
            "million parameters": cost.parameters / 1e6,
            "GMACs": cost.macs / 1e9,
        }
    )
show.table(rows)

# %% [markdown] lang="zh"
# ### 与课程的表格对照
#
# 课程给出的 AlexNet 与 LeNet（不算输出层）：
#
# | 层 | AlexNet 参数 | 运算 | LeNet 参数 | 运算 |
# |---|---|---|---|---|
# | conv1 | 35K | 101M | 150 | 1.2M |
# | conv2 | 614K | 415M | 2.4K | 2.4M |
# | conv3-5 | 3M | 445M | | |
# | dense1 | 26M | 26M | 0.48M | 0.48M |
# | dense2 | 16M | 16M | 0.1M | 0.1M |
# | 合计 | 46M | 1G | 0.6M | 4M |
#
# 本库数出来的如下。LeNet 卷积层的参数一致；课程表中 LeNet 的运算和全连接层大了十倍：400 × 120 = 48,000，是 0.048M。AlexNet 这里是 2014 年的版本
# （通道 64-192-384-256-256），课程是 2012 年论文的通道数。更多说明见 `docs/complexity.md`。

# %% [markdown] lang="en"
# ### Beside the table of the course
#
# The course has AlexNet and LeNet, without the output layer:
#
# | layer | AlexNet, parameters | operations | LeNet, parameters | operations |
# |---|---|---|---|---|
# | conv1 | 35K | 101M | 150 | 1.2M |
# | conv2 | 614K | 415M | 2.4K | 2.4M |
# | conv3-5 | 3M | 445M | | |
# | dense1 | 26M | 26M | 0.48M | 0.48M |
# | dense2 | 16M | 16M | 0.1M | 0.1M |
# | total | 46M | 1G | 0.6M | 4M |
#
# What the library counts is below. The weights of LeNet's convolutions agree; its operations and dense layers are ten times too large in the
# course: 400 × 120 = 48,000 is 0.048M. AlexNet here is that of 2014 (64-192-384-256-256 channels), the course has the channels of the
# paper of 2012. `docs/complexity.md` has more.

# %% check=0.0
print(course_table([costs["alexnet"], costs["lenet"]]))

# %% [markdown] lang="zh"
# ### 省计算的几种办法
#
# 把 64 个通道变成 64 个通道，特征图 28 × 28，各种卷积要多少参数、多少运算？

# %% [markdown] lang="en"
# ### Ways to save work
#
# From 64 channels to 64 channels on feature maps of 28 × 28: what do convolutions cost?

# %% check=0.0
import paddle
from paddle import nn

from paddle_cv.analysis import layer_costs


def conv(kernel, groups=1, channels=(64, 64)):
    padding = [side // 2 for side in kernel]
    return nn.Conv2D(*channels, kernel, padding=padding, groups=groups, bias_attr=False)


kinds = {
    "5 x 5": [conv((5, 5))],
    "3 x 3, twice (VGG)": [conv((3, 3)), conv((3, 3))],
    "7 x 7": [conv((7, 7))],
    "1 x 7 and 7 x 1 (Inception-v4)": [conv((1, 7)), conv((7, 1))],
    "1 x 1 to 16, 3 x 3, 1 x 1 to 64 (ResNet)": [
        conv((1, 1), 1, (64, 16)),
        conv((3, 3), 1, (16, 16)),
        conv((1, 1), 1, (16, 64)),
    ],
    "3 x 3": [conv((3, 3))],
    "3 x 3 in 32 groups (ResNeXt)": [conv((3, 3), 32)],
    "3 x 3 depthwise, 1 x 1 (MobileNet)": [conv((3, 3), 64), conv((1, 1))],
}
rows = []
for name, layers in kinds.items():
    counted = layer_costs(nn.Sequential(*layers), (1, 64, 28, 28))
    rows.append({"convolution": name, "weights": sum(c.weights for c in counted), "MACs": sum(c.macs for c in counted)})
show.table(rows)

# %% [markdown] lang="zh"
# ## 3. 融合：相加、拼接、1 × 1 卷积
#
# 两条分支的特征图怎样合成一份？ResNet 相加，GoogLeNet 与 DenseNet 拼接，后面常跟一个 1 × 1 卷积来给通道加权。
# `Fusion` 把它们写成一行。

# %% [markdown] lang="en"
# ## 3. Fusion: sum, concatenation, 1 × 1 convolution
#
# How do the feature maps of two branches become one? ResNet adds them, GoogLeNet and DenseNet concatenate them, and often a 1 × 1 convolution
# follows that weighs the channels. `Fusion` is a line for each.

# %% check=0.0
from paddle_cv.models.layers import Fusion

paddle.seed(0)
a, b = paddle.randn([1, 16, 8, 8]), paddle.randn([1, 16, 8, 8])
fusions = {
    "sum": Fusion("sum"),
    "concat": Fusion("concat"),
    "sum, 1 x 1": Fusion("sum", nn.Conv2D(16, 16, 1, bias_attr=False)),
    "concat, 1 x 1": Fusion("concat", nn.Conv2D(32, 16, 1, bias_attr=False)),
}
show.table(
    [
        {"fusion": name, "channels": fusion([a, b]).shape[1], "weights": sum(int(p.size) for p in fusion.parameters())}
        for name, fusion in fusions.items()
    ]
)

# %% [markdown] lang="zh"
# **拼接更一般。** 对拼接做 1 × 1 卷积，就是给两条分支各乘一个矩阵再相加：$W\,[a; b] = W_a\,a + W_b\,b$。若 $W_a = W_b$，它就等于“先相加，再 1 × 1”。验证一下：

# %% [markdown] lang="en"
# **Concatenation can do more.** A 1 × 1 convolution of it is a matrix for each branch, and a sum: $W\,[a; b] = W_a\,a + W_b\,b$. With $W_a = W_b$ it is the
# 1 × 1 convolution of the sum. Let us see:

# %% check=0.0
weight = fusions["sum, 1 x 1"][0].weight
fusions["concat, 1 x 1"][0].weight.set_value(paddle.concat([weight, weight], axis=1))
gap = float((fusions["sum, 1 x 1"]([a, b]) - fusions["concat, 1 x 1"]([a, b])).abs().max())
print("the same within 0.00001:", int(gap < 1e-5))

# %% [markdown] lang="zh"
# ## 4. 普通与残差：看梯度
#
# 同样 34 层，`plain34` 没有捷径，`resnet34` 有（这里都换成单通道、10 类）。用 scikit-learn 自带的 8 × 8 手写数字（放大到 32 × 32）各训练一小会儿，
# 记下损失；训练之前先看每个卷积层的梯度有多大。

# %% [markdown] lang="en"
# ## 4. Plain and residual: look at the gradient
#
# 34 layers each: `plain34` without shortcuts, `resnet34` with them, here for one channel and 10 classes. Both learn the digits of 8 × 8 pixels that come with
# scikit-learn, enlarged to 32 × 32, for a little while. We note the loss, and before the training the size of the gradient in each convolution.

# %%
import numpy as np
from sklearn.datasets import load_digits

digits = load_digits()
inputs = np.kron(digits.images, np.ones((4, 4))).astype("float32")[:, None] / 8 - 1
steps = max(2, round(20 * SCALE))


def loss_of(network, numbers):
    scores = network(paddle.to_tensor(inputs[numbers]))
    return nn.functional.cross_entropy(scores, paddle.to_tensor(digits.target[numbers]))


def gradients(network):
    """Mean absolute gradient of each convolution of 3 x 3 pixels, in the order of the network."""
    loss_of(network, slice(0, 64)).backward()
    layers = [layer for layer in network.sublayers() if isinstance(layer, nn.Conv2D) and layer.weight.shape[2] == 3]
    found = [(number, float(layer.weight.grad.abs().mean())) for number, layer in enumerate(layers, 1)]
    network.clear_gradients()
    return found


def train(name):
    paddle.seed(0)
    network = pcv.create_model(name, in_channels=1, num_classes=10)
    before = gradients(network)
    chance = np.random.default_rng(0)
    optimizer = paddle.optimizer.Momentum(0.02, 0.9, parameters=network.parameters())
    losses = []
    for step in range(steps):
        loss = loss_of(network, chance.integers(0, len(inputs), 32))
        loss.backward()
        optimizer.step()
        optimizer.clear_grad()
        losses.append((step + 1, float(loss)))
    return network, losses, before


runs = {name: train(name) for name in ("plain34", "resnet34")}

# %%
show.curves({name: losses for name, (_, losses, _) in runs.items()}, y="loss")

# %%
show.curves(
    {name: before for name, (_, _, before) in runs.items()},
    x="convolution, from the input on",
    y="mean |gradient|",
    log=True,
)

# %% [markdown] lang="zh"
# 上面是刚初始化时每层梯度的平均大小（对数坐标）。两个网络都有批归一化，梯度没有消失，而是**从后往前越来越大**：普通网络的第一层约是最后一层的两千倍，残差网络只有一百多倍。
# 各层的梯度相差这样悬殊，同一个学习率就不可能适合所有的层：普通网络的损失停在 $\ln 10 \approx 2.3$（乱猜）附近，残差网络已经在下降。捷径让
# $\frac{\partial L}{\partial x} = \frac{\partial L}{\partial y}\,(1 + \frac{\partial F}{\partial x})$，其中的 1 原样传回去，不再被一层一层地放大或缩小。
# 没有批归一化时，普通网络的梯度也可能消失。He 等人把普通网络越深越差叫做**退化**：不是过拟合，连训练误差都更高。

# %% [markdown] lang="en"
# That is the mean gradient of each layer right after initialisation, on a logarithmic axis. Both networks have batch normalisation, and the gradient does not vanish: it
# **grows from the end to the beginning**. In the plain network the first layer has about two thousand times that of the last one, in the residual network about 150 times that. With
# gradients so different no learning rate suits all layers: the loss of the plain network stays near $\ln 10 \approx 2.3$ (guessing), that of the residual network falls. By the shortcut
# $\frac{\partial L}{\partial x} = \frac{\partial L}{\partial y}\,(1 + \frac{\partial F}{\partial x})$, and the 1 hands the gradient on as it is, not made larger or smaller layer by layer.
# Without batch normalisation it may as well vanish. He et al. call it **degradation** that deeper plain networks are worse: no overfitting, as their error is larger even on what they are trained on.

# %% [markdown] lang="zh"
# ## 5. 看进去：滤波器与特征图
#
# `lenet_mnist` 的权重随本库提供。第一层的六个 5 × 5 滤波器（灰色为零，亮为正，暗为负），以及它们对一个数字的响应。

# %% [markdown] lang="en"
# ## 5. A look inside: filters and feature maps
#
# The weights of `lenet_mnist` come with this library. The six filters of 5 × 5 in its first layer (grey is zero, bright positive, dark negative), and
# what they make of a digit.

# %%
network, spec = pcv.load_network("lenet_mnist")
convolutions = [name for name, layer in network.named_sublayers() if isinstance(layer, nn.Conv2D)]
print("convolutions:", *convolutions)
show.filters(dict(network.named_sublayers())[convolutions[0]], side=90)

# %%
from paddle_cv.inference.classification import prepare
from paddle_cv.pictures import open_picture

digit = np.pad(np.kron(digits.images[3], np.ones((3, 3))), 2) * 255 / 16
x = paddle.to_tensor(prepare(open_picture(digit.astype("uint8")), spec)[None])
maps = show.activations(network, x, convolutions[:2])
show.images(
    {"digit": digit.astype("uint8")} | {f"map {n}": m for n, m in enumerate(np.clip(maps[convolutions[0]][0], 0, 1))},
    7,
    110,
)

# %%
show.feature_maps(maps[convolutions[1]], columns=8, side=90)

# %% [markdown] lang="zh"
# ImageNet 网络的第一层更有意思（彩色的边缘、色块）。有网络时：`show.filters(pcv.load_network("resnet18")[0].conv1)`。

# %% [markdown] lang="en"
# The first layers of ImageNet's networks are more interesting (edges and spots of colour). With a network connection:
# `show.filters(pcv.load_network("resnet18")[0].conv1)`.

# %% [markdown] lang="zh"
# ## 练习
#
# 1. `cost_table("vgg16")` 的参数中，全连接层占百分之几？
# 2. 两层 3 × 3 比一层 5 × 5 少多少参数？三层 3 × 3 与一层 7 × 7 呢？
# 3. 把 `plain34` 与 `resnet34` 换成 `plain18` 与 `resnet18`，差别变大还是变小？
# 4. 写一个块：三条分支（1 × 1、3 × 3、5 × 5，各 16 通道），用 `Fusion("concat", ...)` 合成 32 通道。
#
# <details><summary>参考答案</summary>
#
# 1. `sum(layer.parameters for layer in costs["vgg16"].layers if layer.kind == "Linear") / costs["vgg16"].parameters`，约 89 %。
# 2. 2 × 9 = 18 对 25，少 28 %；3 × 9 = 27 对 49，少 45 %。
# 3. 一般变小：层数少，放大的次数也少。论文在 ImageNet 上，18 层时两者的误差几乎相同（27.94 % 与 27.88 %），34 层时是 28.54 % 与 25.03 %。
# 4. 各分支是 `conv((1, 1), 1, (64, 16))`、`conv((3, 3), 1, (64, 16))`、`conv((5, 5), 1, (64, 16))`，
#    融合是 `Fusion("concat", nn.Conv2D(48, 32, 1))([branch(x) for branch in branches])`。
#
# </details>

# %% [markdown] lang="en"
# ## Exercises
#
# 1. How much of the parameters in `cost_table("vgg16")` is in dense layers?
# 2. How many weights fewer have two convolutions of 3 × 3 than one of 5 × 5? And three of them than one of 7 × 7?
# 3. Take `plain18` and `resnet18` instead. Is the difference larger or smaller?
# 4. Write a block: three branches (1 × 1, 3 × 3, 5 × 5, 16 channels each) that `Fusion("concat", ...)` makes into 32 channels.
#
# <details><summary>Solutions</summary>
#
# 1. `sum(layer.parameters for layer in costs["vgg16"].layers if layer.kind == "Linear") / costs["vgg16"].parameters`, about 89 %.
# 2. 2 × 9 = 18 instead of 25, 28 % fewer; 3 × 9 = 27 instead of 49, 45 % fewer.
# 3. Mostly smaller: fewer layers make it larger fewer times. In the paper, on ImageNet, the errors of 18 layers are about equal (27.94 % and 27.88 %), those of
#    34 layers 28.54 % and 25.03 %.
# 4. The branches are `conv((1, 1), 1, (64, 16))`, `conv((3, 3), 1, (64, 16))`, `conv((5, 5), 1, (64, 16))`, and the fusion is
#    `Fusion("concat", nn.Conv2D(48, 32, 1))([branch(x) for branch in branches])`.
#
# </details>
