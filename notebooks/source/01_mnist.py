# %% [markdown] lang="zh"
# # 手写数字：从全连接网络到卷积、Dropout、批归一化
#
# 同样的数据，四个网络，一步一步改进：全连接 → 卷积 → 加 Dropout → 加深并加批归一化；再把它们集成起来。每一步带来了什么，看表格和曲线。
# 最后画一个数字，让随本库提供的 LeNet 来读。

# %% [markdown] lang="en"
# # Handwritten digits: from fully connected layers to convolution, dropout and batch normalisation
#
# The same data, four networks, step by step: fully connected → convolution → with dropout → deeper with batch normalisation; and all of
# them together as an ensemble. A table and curves tell what each step brought. At the end a digit is drawn, and the LeNet that
# comes with this library reads it.

# %% from="setup"

# %% [markdown] lang="zh"
# ## 1. 数据
#
# 如果有 MNIST（`paddle-cv data get MNIST`，11.6 MB，下载到 `data/mnist`），就用它的前一部分；没有网络时，用 scikit-learn 自带的 **UCI 手写数字**：1797 张，
# 8 × 8 像素，放大为 20 × 20，四周补黑边成 28 × 28，与 MNIST 的形式相同。下面的输出会说明用的是哪一个。

# %% [markdown] lang="en"
# ## 1. The data
#
# Where MNIST is (`paddle-cv data get MNIST`, 11.6 MB, into `data/mnist`), a part of it is used. Without a network there are the **UCI digits** that
# come with scikit-learn: 1797 of 8 × 8 pixels, here enlarged to 20 × 20 in a black frame, so that they are 28 × 28 as MNIST's are. The output says which
# it is.

# %%
import numpy as np
import paddle
from PIL import Image, ImageDraw
from sklearn.datasets import load_digits

from paddle_cv.analysis import show
from paddle_cv.data import data_folder
from paddle_cv.data.classification import read_mnist


def uci_digits():
    digits = load_digits()
    small = [
        Image.fromarray(np.uint8(digit * 255 / 16)).resize((20, 20), Image.Resampling.BICUBIC)
        for digit in digits.images
    ]
    return np.pad(np.stack([np.asarray(image) for image in small]), ((0, 0), (4, 4), (4, 4))), digits.target


if (data_folder() / "mnist").is_dir():
    source = "MNIST"
    parts = [read_mnist(data_folder() / "mnist", train) for train in (True, False)]
    train_images, test_images = (np.stack(part.pictures[:3000]) for part in parts)
    train_labels, test_labels = (np.array(part.labels[:3000]) for part in parts)
else:
    source = "UCI digits of scikit-learn"
    pictures, labels = uci_digits()
    order = np.random.default_rng(0).permutation(len(labels))
    train_images, test_images = pictures[order[:1297]], pictures[order[1297:]]
    train_labels, test_labels = labels[order[:1297]], labels[order[1297:]]
print(f"{source}: {len(train_labels)} to learn from, {len(test_labels)} to test")
show.images({f"{n}: {train_labels[n]}": train_images[n] for n in range(8)}, columns=8, height=84)

# %% [markdown] lang="zh"
# ## 2. 四个网络
#
# | 网络 | 结构 | 与前一个相比 |
# |---|---|---|
# | `mnist_mlp` | 784 → 256 → 256 → 10 | 不知道哪些像素相邻 |
# | `mnist_cnn` | 两层 3 × 3 卷积 + 池化，一层全连接 | 权重共享：参数少得多，平移后还认得 |
# | `mnist_cnn_dropout` | 同上，最后一层之前随机丢弃一半 | 训练时不能依赖单个特征 |
# | `mnist_cnn_bn` | 六层卷积，每层之后批归一化，并有 Dropout | 更深；批归一化使深的网络学得快 |

# %% [markdown] lang="en"
# ## 2. Four networks
#
# | network | layers | what is new |
# |---|---|---|
# | `mnist_mlp` | 784 → 256 → 256 → 10 | it does not know which pixels are neighbours |
# | `mnist_cnn` | two convolutions of 3 × 3 with pooling, one dense layer | shared weights: far fewer parameters, and it knows a shifted digit |
# | `mnist_cnn_dropout` | the same; half of the features left out in training | it cannot rely on a single feature |
# | `mnist_cnn_bn` | six convolutions, batch normalisation after each, dropout | deeper, and quick to learn by batch normalisation |

# %% check=0.0
names = ["mnist_mlp", "mnist_cnn", "mnist_cnn_dropout", "mnist_cnn_bn"]
parameters = {
    name: sum(int(p.size) for p in pcv.create_model(name).parameters() if not p.stop_gradient) for name in names
}
show.table([{"network": name, "parameters": parameters[name]} for name in names])

# %% [markdown] lang="zh"
# ## 3. 训练
#
# 训练循环只有十几行：取一批，前向，交叉熵，反向，更新。每个 epoch 之后在测试集上数一数对了多少。

# %% [markdown] lang="en"
# ## 3. Training
#
# The loop is a dozen lines: a batch, forward, cross entropy, backward, update. After each epoch it counts what is right in the test set.


# %%
def as_input(images):
    """(N, 28, 28) uint8 -> (N, 1, 28, 28), with the mean and standard deviation of MNIST."""
    return paddle.to_tensor(((images / 255 - 0.1307) / 0.3081).astype("float32")[:, None])


def probabilities(network, images):
    network.eval()
    with paddle.no_grad():
        return np.concatenate(
            [
                paddle.nn.functional.softmax(network(as_input(images[i : i + 250]))).numpy()
                for i in range(0, len(images), 250)
            ]
        )


def accuracy(predicted, labels):
    return float((predicted.argmax(1) == labels).mean())


def train(name, epochs, batch_size=32, seed=0):
    paddle.seed(seed)
    chance = np.random.default_rng(seed)
    network = pcv.create_model(name)
    steps = epochs * (len(train_labels) // batch_size)
    rate = paddle.optimizer.lr.CosineAnnealingDecay(2e-3, steps)
    optimizer = paddle.optimizer.Adam(rate, parameters=network.parameters())
    history = []
    for epoch in range(epochs):
        network.train()
        for batch in chance.permutation(len(train_labels))[: steps // epochs * batch_size].reshape(-1, batch_size):
            scores = network(as_input(train_images[batch]))
            loss = paddle.nn.functional.cross_entropy(scores, paddle.to_tensor(train_labels[batch]))
            loss.backward()
            optimizer.step()
            optimizer.clear_grad()
            rate.step()
        history.append((epoch + 1, 100 * accuracy(probabilities(network, test_images), test_labels)))
    return network, history


epochs = max(1, round(3 * SCALE))
runs = {name: train(name, epochs) for name in names}

# %%
show.curves({name: history for name, (_, history) in runs.items()}, x="epoch", y="test accuracy in %")

# %% [markdown] lang="zh"
# ## 4. 每一步带来了什么，以及集成
#
# 集成：几个网络各自给出概率，取平均再选最大。它们犯的错误不同，平均之后错误往往变少。

# %% [markdown] lang="en"
# ## 4. What each step brought, and an ensemble
#
# An ensemble takes the mean of the probabilities of several networks. Their mistakes differ, so the mean often makes fewer.

# %%
predicted = {name: probabilities(network, test_images) for name, (network, _) in runs.items()}
predicted["ensemble of the CNNs"] = np.mean([predicted[name] for name in names[1:]], axis=0)
rows = []
for name, p in predicted.items():
    right = accuracy(p, test_labels)
    wrong = round((1 - right) * len(test_labels))
    rows.append(
        {"network": name, "parameters": parameters.get(name, ""), "accuracy in %": 100 * right, "mistakes": wrong}
    )
show.table(rows)

# %% [markdown] lang="zh"
# 怎样读这张表？只训练三个 epoch 时：批归一化让最深的网络学得最快，错得最少；两个小卷积网络（参数只有全连接的九分之一）还没有学完，曲线还在上升，所以暂时不如全连接网络，
# Dropout 又让它再慢一些；平均了没学好的成员，集成也就不如最好的那一个：**集成要用差不多好的网络**（练习 3）。`SCALE` 设为 10 再运行，名次怎样变？
# 在完整的 MNIST 上的名次见本节末尾。
#
# 下面是集成认错（或最没有把握）的数字。有的连人也难认。

# %% [markdown] lang="en"
# How is this table to be read? After three epochs only: batch normalisation makes the deepest network learn fastest, and it makes the fewest mistakes. The two
# small CNNs (a ninth of the parameters of the fully connected network) have not finished, their curves still rise, and dropout slows them down a
# little more. The mean over members that have not learned enough is worse than the best of them: **an ensemble wants networks that are about equally
# good** (exercise 3). How does the order change with a `SCALE` of 10? How they end with all of MNIST stands below.
#
# These are the digits that the ensemble is least sure of. Some are hard for people, too.

# %%
p = predicted["ensemble of the CNNs"]
hardest = np.argsort(p[np.arange(len(test_labels)), test_labels])[:8]
show.images({f"{test_labels[n]} as {p[n].argmax()}": test_images[n] for n in hardest}, columns=8, height=84)

# %% [markdown] lang="zh"
# **在完整的 MNIST 上**（60,000 张训练），同样的四个网络由本库的配置训练，测试准确率是（见 `docs/scores.md`）：
#
# | 网络 | 准确率 |
# |---|---|
# | `mnist_mlp` | 98.35 % |
# | `mnist_cnn` | 98.47 % |
# | `mnist_cnn_dropout` | 98.57 % |
# | `lenet` | 99.34 % |
# | `mnist_cnn_bn`（加数据增强、标签平滑） | 99.67 % |
#
# `paddle-cv data get MNIST` 之后，`paddle-cv train -c mnist_cnn_bn` 就能重做。

# %% [markdown] lang="en"
# **With all of MNIST** (60,000 to learn from) the configurations of this library reach these test accuracies (`docs/scores.md`):
#
# | network | accuracy |
# |---|---|
# | `mnist_mlp` | 98.35 % |
# | `mnist_cnn` | 98.47 % |
# | `mnist_cnn_dropout` | 98.57 % |
# | `lenet` | 99.34 % |
# | `mnist_cnn_bn` (with augmentation and smooth labels) | 99.67 % |
#
# After `paddle-cv data get MNIST`, `paddle-cv train -c mnist_cnn_bn` does it again.

# %% [markdown] lang="zh"
# ## 5. 画一个数字
#
# 用鼠标画，可以打开网页 `paddle-cv demo`。这里用几条线“画”一个 3，交给随库的 `lenet_mnist`。它是在 MNIST（黑底白字）上训练的；白纸黑字会先被反色。

# %% [markdown] lang="en"
# ## 5. Draw a digit
#
# With the mouse: `paddle-cv demo` opens a page. Here some strokes make a 3, and the `lenet_mnist` that comes with this library reads it. It was trained on
# MNIST, white on black; dark ink on paper is inverted for it.

# %% check=0.05
paper = Image.new("L", (280, 280), "white")
pen = ImageDraw.Draw(paper)
pen.arc((90, 45, 190, 145), 190, 90, fill="black", width=22)
pen.arc((85, 125, 195, 235), 270, 170, fill="black", width=22)
reading = pcv.load("lenet_mnist").predict(paper, top_k=3)
print(reading.label, round(reading.probability, 2))
reading

# %% [markdown] lang="zh"
# ## 练习
#
# 1. 把测试图像都向右移 3 个像素（`np.roll(test_images, 3, axis=2)`），全连接网络和卷积网络各掉多少？
# 2. 只用 200 张训练图像，Dropout 有没有用？
# 3. 用同一个网络、不同的 `seed` 训练三次再集成，比一个好多少？
# 4. 只用 `lenet_mnist`（没有见过 UCI 数字）来读测试集，准确率是多少？为什么不是 99 %？
#
# <details><summary>参考答案</summary>
#
# 1. `accuracy(probabilities(runs["mnist_mlp"][0], np.roll(test_images, 3, axis=2)), test_labels)`：全连接网络掉得多，因为每个位置有自己的权重；
#    卷积加池化掉得少。
# 2. 数据越少越容易过拟合，Dropout 往往有用，但训练要更多 epoch 才能看出来。
# 3. `np.mean([probabilities(train("mnist_cnn", epochs, seed=s)[0], test_images) for s in range(3)], axis=0)`：一般少掉几个错误。
# 4. `pcv.load("lenet_mnist").predict(list(test_images))`：94 %。UCI 的数字是 8 × 8 放大的，笔画粗细与位置都与 MNIST 不同：测试数据与训练数据的分布不同。
#
# </details>

# %% [markdown] lang="en"
# ## Exercises
#
# 1. Shift the test images by 3 pixels (`np.roll(test_images, 3, axis=2)`). How much do the fully connected and the convolutional network lose?
# 2. Train with 200 images only. Does dropout help?
# 3. Train the same network three times with different `seed`s. How much better is their ensemble than one of them?
# 4. How much of the test set does `lenet_mnist` read, which has never seen UCI digits? Why is it not 99 %?
#
# <details><summary>Solutions</summary>
#
# 1. `accuracy(probabilities(runs["mnist_mlp"][0], np.roll(test_images, 3, axis=2)), test_labels)`: the fully connected one loses much, as each place
#    has weights of its own; convolution with pooling loses less.
# 2. With few data networks overfit sooner, and dropout mostly helps, but it takes more epochs to see it.
# 3. `np.mean([probabilities(train("mnist_cnn", epochs, seed=s)[0], test_images) for s in range(3)], axis=0)`: mostly some mistakes fewer.
# 4. `pcv.load("lenet_mnist").predict(list(test_images))`: 94 %. UCI digits are enlarged from 8 × 8; strokes and places are not those of
#    MNIST: the test data are distributed otherwise than the training data.
#
# </details>
