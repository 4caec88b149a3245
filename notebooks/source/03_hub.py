# %% [markdown] lang="zh"
# # PaddleHub：一行预测，一条命令部署，迁移学习
#
# PaddleHub 模块是带权重的网络，知道怎样预处理图片、怎样给出结果。本章安装几个模块，用一行代码预测，用一条命令变成网络服务，再用 PaddleHub 的 `Trainer` 做迁移学习。
# 全部离线可用：所用模块的权重随本库提供。

# %% [markdown] lang="en"
# # PaddleHub: a line to predict, a command to serve, transfer learning
#
# A module of PaddleHub is a network with weights that knows how to prepare images and what to return. This chapter installs some of them, predicts in one line,
# serves them by one command, and does transfer learning by PaddleHub's `Trainer`. All of it works offline: the weights of these modules come with the library.

# %% from="setup"

# %% [markdown] lang="zh"
# ## 1. 安装模块
#
# `paddle-cv hub list` 列出全部模块，`paddle-cv hub install` 把它们放到 `~/.paddlehub`（或 `HUB_HOME`）。PaddleHub 2.4 与新的依赖包有冲突，`pip install ".[hub]"` 已经写好了
# 能用的版本，需要 Python 3.10 至 3.12。

# %% [markdown] lang="en"
# ## 1. Install modules
#
# `paddle-cv hub list` has all modules, `paddle-cv hub install` puts them into `~/.paddlehub` (or `HUB_HOME`). PaddleHub 2.4 does not go with recent versions of what it needs;
# `pip install ".[hub]"` brings versions that work, with Python 3.10 to 3.12.

# %%
command = [sys.executable, "-m", "paddle_cv", "hub", "install", "rdn_x2", "lenet_mnist"]
for line in subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines():
    print(line.partition(" in ")[0])

# %% [markdown] lang="zh"
# ## 2. 一行预测
#
# `hub.Module(name=...)` 加载，`predict` 预测：`paths=[...]` 读文件，`images=[...]` 读数组（PaddleHub 的约定是 **BGR** 次序，与 OpenCV 相同）。返回列表，每张图片一项。

# %% [markdown] lang="en"
# ## 2. A line to predict
#
# `hub.Module(name=...)` loads, `predict` predicts: `paths=[...]` reads files, `images=[...]` takes arrays (PaddleHub's convention is the order **BGR**, as OpenCV has it). It returns a
# list with an entry for each picture.

# %% check=0.0
# PaddleHub's dependencies have much to say while they are imported; it is for their developers.
import contextlib
import io
import warnings

warnings.simplefilter("ignore")
with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
    import paddlehub as hub

    enlarger = hub.Module(name="rdn_x2")

from PIL import Image
from skimage import data

from paddle_cv.analysis import show

photo = data.coffee()[80:220, 190:380]
Image.fromarray(photo).save("photo.png")
[result] = enlarger.predict(paths=["photo.png"])
print(photo.shape, "->", result["data"].shape)

# %%
show.images({"photograph": photo, "rdn_x2": result["data"][..., ::-1]}, height=280)

# %% [markdown] lang="zh"
# 分类模块返回 `{类别: 概率}`。下面画一个 7 让 LeNet 来读。

# %% [markdown] lang="en"
# Classification modules return `{class: probability}`. LeNet reads a 7 that is drawn here:

# %%
import numpy as np
from PIL import ImageDraw

paper = Image.new("RGB", (280, 280), "white")
ImageDraw.Draw(paper).line([(80, 70), (190, 70), (120, 220)], fill="black", width=22, joint="curve")
reader = hub.Module(name="lenet_mnist")
[reading] = reader.predict(images=[np.asarray(paper)[..., ::-1]], top_k=3)
print({digit: round(float(p), 2) for digit, p in reading.items()})

# %% [markdown] lang="zh"
# 动物识别、ImageNet 分类（第一次使用时下载权重，需要网络）用法相同：
#
# ```python
# hub.Module(name="resnet50_imagenet").predict(paths=["photo.png"], top_k=5)
# hub.Module(name="mobilenet_v2_animals").predict(paths=["cat.jpg"])   # 权重来自 PaddleHub 原来的模块，或自己训练
# ```
#
# ## 3. 一条命令部署为服务
#
# 终端里：`paddle-cv serve rdn_x2`（或 PaddleHub 自己的 `hub serving start -m rdn_x2`）。客户端发送 base64 编码的 PNG/JPEG，收到 base64 编码的 PNG。下面在后台启动它，请求一次，再停下。

# %% [markdown] lang="en"
# Animals and the classes of ImageNet go the same way (weights are fetched at the first use, which needs a network):
#
# ```python
# hub.Module(name="resnet50_imagenet").predict(paths=["photo.png"], top_k=5)
# hub.Module(name="mobilenet_v2_animals").predict(paths=["cat.jpg"])   # with the weights of PaddleHub's own module, or trained ones
# ```
#
# ## 3. A command to serve
#
# In a terminal: `paddle-cv serve rdn_x2` (or PaddleHub's own `hub serving start -m rdn_x2`). A client sends PNG or JPEG in base64 and receives PNG in base64. Here it starts in the
# background, answers once, and stops.

# %% check=0.0
import base64
import json
import socket
import time
import urllib.request

with socket.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    port = probe.getsockname()[1]
quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
server = subprocess.Popen([sys.executable, "-m", "paddle_cv", "serve", "rdn_x2", "--port", str(port)], **quiet)


def post(path):
    body = json.dumps({"images": [base64.b64encode(Path(path).read_bytes()).decode()]}).encode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/predict/rdn_x2", body, {"Content-Type": "application/json"}
    )
    for _ in range(600):  # it takes a while until it listens
        try:
            return json.load(urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=300))
        except OSError:
            time.sleep(0.5)
    raise TimeoutError("no answer")


reply = post("photo.png")
server.terminate()
answer = Image.open(io.BytesIO(base64.b64decode(reply["results"][0]["data"])))
print("status", reply["status"], answer.size)
print("the same as predicted above:", np.array_equal(np.asarray(answer), result["data"][..., ::-1]))

# %% [markdown] lang="zh"
# ## 4. 迁移学习：PaddleHub 的 Trainer
#
# 迁移学习：从训练好的权重出发，只把最后一层换成新的类别，再用少量数据训练。这里从 `lenet_mnist` 出发，学一个新任务：数字是**偶数还是奇数**，数据是 scikit-learn 自带的
# 8 × 8 手写数字（LeNet 没有见过它们），训练 300 张，测试 200 张。`label_list` 给出新的类别。

# %% [markdown] lang="en"
# ## 4. Transfer learning by PaddleHub's Trainer
#
# Transfer learning starts from trained weights, gives the network a new last layer for new classes, and trains it with few data. Here `lenet_mnist` learns
# something new: whether a digit is **even or odd**, from the digits of 8 × 8 pixels of scikit-learn, which LeNet has never seen: 300 to learn from, 200 to test.
# `label_list` names the new classes.

# %%
import paddle
from sklearn.datasets import load_digits

digits = load_digits()
pictures = np.pad(np.kron(digits.images, np.ones((3, 3))), ((0, 0), (2, 2), (2, 2))) * 255 / 16
pictures = np.uint8(pictures)[..., None].repeat(3, axis=-1)


class EvenOrOdd(paddle.io.Dataset):
    """Digits, prepared as `predict` prepares them, and 0 for even, 1 for odd."""

    def __init__(self, transforms, first, last):
        self.items = [(transforms(pictures[n]), int(digits.target[n] % 2)) for n in range(first, last)]

    def __getitem__(self, number):
        return self.items[number]

    def __len__(self):
        return len(self.items)


log = io.StringIO()  # of the training: a line for every few steps; print(log.getvalue()) shows it
with contextlib.redirect_stderr(log), contextlib.redirect_stdout(log):
    from paddlehub.finetune.trainer import Trainer
    from paddlehub.utils.log import logger

    logger.handler.setStream(log)
    paddle.seed(0)
    model = hub.Module(name="lenet_mnist", label_list=["even", "odd"])
    optimizer = paddle.optimizer.Adam(learning_rate=1e-3, parameters=model.parameters())
    trainer = Trainer(model, optimizer, checkpoint_dir="even_odd", use_gpu=False)
    trainer.train(
        EvenOrOdd(model.transforms, 0, 300),
        epochs=max(1, round(4 * SCALE)),
        batch_size=30,
        eval_dataset=EvenOrOdd(model.transforms, 300, 500),
        save_interval=1,
    )
    trained = hub.Module(name="lenet_mnist", load_checkpoint="even_odd/best_model/model.pdparams")
right = [max(answer, key=answer.get) for answer in trained.predict(images=list(pictures[300:500]))]
share = np.mean([(name == "odd") == bool(label % 2) for name, label in zip(right, digits.target[300:500])])
print(f"even or odd: {100 * share:.1f} % of 200 digits that it has not seen")

# %% [markdown] lang="zh"
# 类别的名字保存在权重文件里，所以 `load_checkpoint` 一个参数就够，`pcv.load("lenet", weights="even_odd/best_model/model.pdparams")` 也能直接使用。
#
# 本库自己的训练命令做同样的事，并且有数据增强、权重平均和断点续训：`paddle-cv data get ants_bees` 之后 `paddle-cv train -c finetune_ants_bees`（蚂蚁与蜜蜂，从 ImageNet 的
# SqueezeNet 出发）。
#
# ## 5. `paddle.hub` 与 torch hub 的名字
#
# ```python
# import paddle
#
# paddle.hub.list("本仓库的路径", source="local")
# network = paddle.hub.load("本仓库的路径", "resnet50", source="local", pretrained=True)
# ```
#
# 网络的名字与 torch hub（torchvision）相同：`resnet50`、`densenet121`、`shufflenet_v2_x1_0` ……，参数个数也相同：

# %% [markdown] lang="en"
# The names of the classes are in the weight file, so `load_checkpoint` alone is enough, and `pcv.load("lenet", weights="even_odd/best_model/model.pdparams")` takes the file as well.
#
# The training command of this library does the same with augmentation, averaged weights and exact resuming: `paddle-cv data get ants_bees`, then
# `paddle-cv train -c finetune_ants_bees` (ants and bees, from SqueezeNet with ImageNet's weights).
#
# ## 5. `paddle.hub`, and the names of torch hub
#
# ```python
# import paddle
#
# paddle.hub.list("path/of/this/repository", source="local")
# network = paddle.hub.load("path/of/this/repository", "resnet50", source="local", pretrained=True)
# ```
#
# Networks have the names of torch hub (torchvision): `resnet50`, `densenet121`, `shufflenet_v2_x1_0` … and as many parameters:

# %% check=0.0

rows = []
for name in ("resnet18", "mobilenet_v2", "squeezenet1_1", "shufflenet_v2_x1_0"):
    learned = [p for p in pcv.create_model(name).parameters() if not p.stop_gradient]
    rows.append({"name": name, "parameters": sum(int(p.size) for p in learned)})
show.table(rows)

# %% [markdown] lang="zh"
# ## 练习
#
# 1. 用 `dncnn_gray_s25` 模块给一张灰度照片去噪。
# 2. 同时部署 `rdn_x2` 和 `lenet_mnist`，各请求一次。
# 3. 把第 4 节的任务换成“是不是 0”。只训练一个 epoch，够不够？
#
# <details><summary>参考答案</summary>
#
# 1. `paddle-cv hub install dncnn_gray_s25`，然后 `hub.Module(name="dncnn_gray_s25").predict(paths=["grey.png"], visualization=True)`。
# 2. `paddle-cv serve rdn_x2 lenet_mnist`，地址是 `/predict/rdn_x2` 和 `/predict/lenet_mnist`。
# 3. `int(digits.target[n] == 0)`，`label_list=["other", "zero"]`。准确率很快超过 90 %，但全部答“不是”也有 90 %：类别不均衡时要看召回率。
#
# </details>

# %% [markdown] lang="en"
# ## Exercises
#
# 1. Remove the noise of a grey photograph by the module `dncnn_gray_s25`.
# 2. Serve `rdn_x2` and `lenet_mnist` together, and ask each of them.
# 3. Take "is it a 0" as the task of section 4. Is one epoch enough?
#
# <details><summary>Solutions</summary>
#
# 1. `paddle-cv hub install dncnn_gray_s25`, then `hub.Module(name="dncnn_gray_s25").predict(paths=["grey.png"], visualization=True)`.
# 2. `paddle-cv serve rdn_x2 lenet_mnist`; the addresses are `/predict/rdn_x2` and `/predict/lenet_mnist`.
# 3. `int(digits.target[n] == 0)` and `label_list=["other", "zero"]`. The accuracy is above 90 % very soon, but so is that of always answering "other": where
#    classes are of different sizes, look at the recall.
#
# </details>
