# %% [markdown] lang="zh"
# # 超分辨率：从插值到 RDN
#
# 一张照片只有 100 × 100 个像素，怎样把它放大三倍，又不变糊？本章从插值出发，依次看 SRCNN（2014）、VDSR（2016）和 RDN（2018），在同一张照片上比较它们，
# 用 PSNR 与 SSIM 打分，最后完成课程作业：运行一个超分算法，训练一小会儿，展示结果。
#
# 全部内容离线可用：照片来自 scikit-image，权重随本库提供。CPU 上运行本页要几分钟。

# %% [markdown] lang="en"
# # Super-resolution: from interpolation to RDN
#
# A photograph has 100 × 100 pixels. How can it become three times as large without becoming blurred? This chapter starts from
# interpolation, goes on to SRCNN (2014), VDSR (2016) and RDN (2018), compares them on the same photograph by PSNR and SSIM, and
# ends with the homework of the course: run a super-resolution algorithm, train it for a while, show the result.
#
# All of it works offline: the photographs come with scikit-image, the weights with this library. On a CPU the page takes some minutes.

# %% from="setup"

# %% [markdown] lang="zh"
# ## 1. 题目：先缩小，再放大
#
# 研究超分时，先取一张高清图 $I^{HR}$，用双三次插值缩小为 $I^{LR}$，再让算法把它放大回去，与原图比较。论文都用 MATLAB 的 `imresize` 来缩小；
# 本库的 `imresize` 与它逐像素一致，所以分数可以与论文相比。

# %% [markdown] lang="en"
# ## 1. The problem: reduce, then enlarge
#
# To study super-resolution one takes a sharp picture $I^{HR}$, reduces it by bicubic interpolation to $I^{LR}$, has the algorithm
# enlarge it again, and compares the result with the original. Papers reduce by MATLAB's `imresize`; the `imresize` of this library
# computes the same, so that scores can be compared with those of papers.

# %% check=0.0
import numpy as np
from PIL import Image
from skimage import data

from paddle_cv.analysis import busiest_box, cost_table, paper_figure, show
from paddle_cv.data import imresize, rgb_to_y
from paddle_cv.metrics import psnr, ssim, super_resolution_scores

SCALE_FACTOR = 3
high = data.astronaut()[0:300, 90:390]
low = imresize(high, 1 / SCALE_FACTOR)
print("high", high.shape, "low", low.shape)
show.images({"high resolution": high, "low resolution": low}, height=300)

# %% [markdown] lang="zh"
# ## 2. 插值：不用学习
#
# - **最近邻**：新像素取最近的旧像素，有锯齿；
# - **双线性**：取周围 2 × 2 个像素的加权平均，平滑但模糊；
# - **双三次**：取周围 4 × 4 个像素，权重有正有负，边缘稍锐一些。
#
# 它们的权重是固定的，与图像内容无关。在本库中，插值也是一个“网络”（没有参数），所以与 SRCNN、RDN 的用法相同。

# %% [markdown] lang="en"
# ## 2. Interpolation: nothing is learned
#
# - **nearest**: a new pixel is the nearest old one; edges become stairs;
# - **bilinear**: the weighted mean of 2 × 2 pixels; smooth and blurred;
# - **bicubic**: of 4 × 4 pixels, with weights of both signs; edges are a little sharper.
#
# The weights are fixed, whatever the picture shows. In this library interpolation is a "network" (without parameters), so it is used as
# SRCNN and RDN are.

# %%
results = {name: pcv.load(f"{name}_x3").predict(low) for name in ("nearest", "bilinear", "bicubic")}
part = (slice(60, 160), slice(100, 200))
show.images({name: result[part] for name, result in {**results, "original": high}.items()}, height=200)

# %% [markdown] lang="zh"
# ## 3. 打分：亮度上的 PSNR 与 SSIM
#
# 人眼对亮度比对颜色敏感，所以论文先把 RGB 变为 YCbCr，只比较**亮度 Y**（BT.601，取值 16–235）：
#
# $$Y = 16 + \frac{65.481\,R + 128.553\,G + 24.966\,B}{255}$$
#
# 再去掉四周各 `scale` 个像素的边（那里的算法各有各的做法），然后计算
#
# $$\mathrm{PSNR} = 10\,\log_{10}\frac{255^2}{\mathrm{MSE}}\ \text{(dB)}$$
#
# PSNR 每高 1 dB，均方误差约降低 20 %。SSIM 在 11 × 11 的窗口中比较均值、方差与相关性，1 表示完全相同；它更看重结构。
# 下面先一步步算，再用库函数核对。

# %% [markdown] lang="en"
# ## 3. Scores: PSNR and SSIM on the luminance
#
# Eyes see brightness better than colour. So papers turn RGB into YCbCr and compare the **luminance Y** only (BT.601, 16 to 235):
#
# $$Y = 16 + \frac{65.481\,R + 128.553\,G + 24.966\,B}{255}$$
#
# leave out a border of `scale` pixels, where each algorithm does something of its own, and compute
#
# $$\mathrm{PSNR} = 10\,\log_{10}\frac{255^2}{\mathrm{MSE}}\ \text{(dB)}$$
#
# Each dB more is about 20 % less squared error. SSIM compares means, variances and correlation in windows of 11 × 11 pixels; 1 means
# equal; it looks at structure. Step by step, and then by the function of the library:

# %% check=0.001
border = slice(SCALE_FACTOR, -SCALE_FACTOR)
weights = np.array([65.481, 128.553, 24.966]) / 255
luminance, reference = (16 + image[border, border].astype(float) @ weights for image in (results["bicubic"], high))
error = np.mean((luminance - reference) ** 2)
print(f"by hand:     {10 * np.log10(255**2 / error):.2f} dB")
print(
    "the library:",
    {key: round(value, 4) for key, value in super_resolution_scores(results["bicubic"], high, 3).items()},
)

# %% [markdown] lang="zh"
# **一个数字不能说明一切。** 下面三张图与原图的均方误差差不多（PSNR 相差不到 1 dB），SSIM 却差得很多：整体变亮几乎看不出来，噪声和模糊却很显眼。

# %% [markdown] lang="en"
# **One number does not tell everything.** The next three pictures have about the same squared error, so a PSNR within 1 dB, and very
# different SSIM: one hardly sees that a picture is a little brighter, but one does see noise and blur.

# %% check=0.02
y = rgb_to_y(high)
noise = np.random.default_rng(0).normal(0, 12, y.shape)
blurred = np.asarray(
    Image.fromarray(np.rint(y).astype(np.uint8)).reduce(4).resize(y.shape[::-1], Image.Resampling.BICUBIC)
)
damaged = {"brighter": y + 12, "noisy": y + noise, "blurred": blurred}
scores = [{"picture": name, "PSNR": psnr(image, y), "SSIM": ssim(image, y)} for name, image in damaged.items()]
show.table(scores)

# %%
show.images({name: (image / 255).clip(0, 1)[part] for name, image in damaged.items()}, height=200)

# %% [markdown] lang="zh"
# ## 4. SRCNN、VDSR、RDN
#
# | 网络 | 想法 | 输入 |
# |---|---|---|
# | **SRCNN** (Dong 等, 2014) | 三层卷积：取特征（9 × 9）→ 非线性映射（5 × 5）→ 重建（5 × 5） | 已用双三次放大的亮度 |
# | **VDSR** (Kim 等, 2016) | 20 层 3 × 3 卷积；只学**残差**：输出 = 双三次 + 网络；高学习率加梯度裁剪 | 已用双三次放大的亮度 |
# | **RDN** (Zhang 等, 2018) | 残差稠密块：块内每层都看到前面所有层（concat），1 × 1 卷积融合，再加残差；最后用**子像素卷积**放大 | 小图的 RGB |
#
# SRCNN 与 VDSR 在大图上计算，RDN 在小图上计算，最后才放大：放大三倍时，同样一层的计算量只有九分之一。下表是输出 1280 × 720 时的代价
# （`MACs`：乘加次数）；`rdn_lite` 是本库自己训练的小型 RDN。

# %% [markdown] lang="en"
# ## 4. SRCNN, VDSR, RDN
#
# | network | idea | input |
# |---|---|---|
# | **SRCNN** (Dong et al., 2014) | three convolutions: features (9 × 9) → mapping (5 × 5) → reconstruction (5 × 5) | luminance, enlarged by bicubic interpolation |
# | **VDSR** (Kim et al., 2016) | 20 convolutions of 3 × 3; learns the **residual** only: output = bicubic + network; high learning rate, clipped gradients | the same |
# | **RDN** (Zhang et al., 2018) | residual dense blocks: in a block each layer sees all before it (concat), 1 × 1 convolutions fuse, a residual is added; enlarged at the end by **sub-pixel convolution** | the small picture, RGB |
#
# SRCNN and VDSR compute on the large picture. RDN computes on the small one and enlarges at the end: for x3 a layer costs a ninth. The
# table has the costs for a result of 1280 × 720 pixels (`MACs`: multiply-accumulates); `rdn_lite` is the small RDN that was trained
# for this library.

# %% check=0.0
costs = {name: cost_table(name) for name in ("srcnn_955_x3", "vdsr_x3", "rdn_lite_x3")}
rows = []
for name, cost in costs.items():
    rows.append({"network": name, "layers": len(cost.layers), "parameters": cost.parameters, "GMACs": cost.macs / 1e9})
show.table(rows)

# %% [markdown] lang="zh"
# 一行加载，一行预测。`srcnn_x3`、`fsrcnn_x3`、`rdn_x3` 的权重随本库提供（`rdn_x3` 就是 `rdn_lite_x3`）。VDSR 没有随库权重，第 6 节自己训练一个。

# %% [markdown] lang="en"
# One line loads, one line predicts. The weights of `srcnn_x3`, `fsrcnn_x3` and `rdn_x3` (a `rdn_lite_x3`) come with this library. VDSR has
# none here: section 6 trains one.

# %% check=0.002
for name in ("srcnn", "fsrcnn", "rdn"):
    results[name] = pcv.load(f"{name}_x3").predict(low)
scores = {name: super_resolution_scores(result, high, SCALE_FACTOR) for name, result in results.items()}
show.table([{"method": name, "PSNR": score["psnr"], "SSIM": score["ssim"]} for name, score in scores.items()])

# %% [markdown] lang="zh"
# ### 论文中的对比图
#
# 左边是原图，红框处是 RDN 与双三次差别最大的地方；右边把它放大，下面是整张图的 PSNR / SSIM。

# %% [markdown] lang="en"
# ### The figure of papers
#
# On the left the original; the red box is where RDN and bicubic interpolation differ most. On the right this part of each result, with
# the PSNR / SSIM of the whole picture.

# %%
difference = np.abs(rgb_to_y(results["rdn"]) - rgb_to_y(results["bicubic"]))
figure = paper_figure(
    Image.fromarray(high),
    {name: Image.fromarray(results[name]) for name in ("nearest", "bicubic", "srcnn", "rdn")}
    | {"original": Image.fromarray(high)},
    busiest_box(difference, 60, 60),
    {name: f"{score['psnr']:.2f} / {score['ssim']:.4f}" for name, score in scores.items()},
)
figure

# %% [markdown] lang="zh"
# ## 5. 看进去：SRCNN 的滤波器与特征图
#
# 第一层的 64 个 9 × 9 滤波器，灰色为零，亮为正，暗为负。单看权重并不整齐（论文训练了 8 × 10⁸ 次，那里能认出高斯和各方向的边缘）；看它们在照片上的响应（下一个单元，ReLU 之后）
# 就清楚得多：有的只在某一侧的边缘上亮，有的留下整张图。

# %% [markdown] lang="en"
# ## 5. A look inside: filters and feature maps of SRCNN
#
# The 64 filters of 9 × 9 in the first layer: grey is zero, bright positive, dark negative. The weights alone look untidy (the paper, after 8 × 10⁸ backpropagations, shows
# Gaussians and edges of all directions in them). What they make of the photograph, after the ReLU, is in the cell after it, and says more: some are bright at edges of one side
# only, some keep the whole picture.

# %%
network, _ = pcv.load_network("srcnn_x3")
show.filters(network.conv1, columns=16, side=48)

# %%
import paddle

x = paddle.to_tensor((rgb_to_y(results["bicubic"]) / 255).astype("float32")[None, None])
maps = show.activations(network, x, ["conv1"])["conv1"]
show.feature_maps(np.maximum(maps, 0), columns=8, most=16, side=110)

# %% [markdown] lang="zh"
# ## 6. 作业：训练一小会儿
#
# 配置 `homework` 用 scikit-image 的八张照片训练小型 RDN（2 倍），在另外几张上测量。完整的作业是两个 epoch：
#
# ```
# paddle-cv train -c homework
# ```
#
# 这里只走一百步，网络也更小（2 个稠密块而不是 6 个），优化器用 Adam，让本页几分钟内跑完；`SCALE` 变大，步数就变多。`-o 键=值` 改写配置中的任何一项。没有输出就是没有问题：日志在
# `runs/.../train.log`，曲线在 `metrics.json`。

# %% [markdown] lang="en"
# ## 6. The homework: train it for a while
#
# The configuration `homework` trains the small RDN (x2) on eight photographs of scikit-image and is measured on others. All of the
# homework is two epochs:
#
# ```
# paddle-cv train -c homework
# ```
#
# Here it takes a hundred steps with a smaller network (2 dense blocks instead of 6) and Adam, so that the page takes minutes; a larger `SCALE` makes it more. `-o key=value` changes anything in the
# configuration. No news is good news: the log is in `runs/.../train.log`, what was measured in `metrics.json`.

# %%
import json

STEPS = max(2, round(100 * SCALE))


def train(output, *overrides):
    """Trains and returns what was measured: for each time the step, PSNR and SSIM."""
    settings = [f"steps={STEPS}", f"validation.every={max(1, STEPS // 5)}", f"validation.high={Path('val').resolve()}"]
    settings += [f"output=runs/{output}", "optimizer.name=adam", *overrides]
    command = [sys.executable, "-m", "paddle_cv", "train", "-c", "homework", "--quiet", "--overwrite", "-o", *settings]
    subprocess.run(command, check=True, capture_output=True)
    return json.loads(Path(f"runs/{output}/metrics.json").read_text())


# Two small photographs are measured on, so that it does not take longer than the training.
Path("val").mkdir(exist_ok=True)
for name, picture in {"chelsea": data.chelsea()[60:220, 120:280], "astronaut": high[60:220, 60:220]}.items():
    Image.fromarray(picture).save(f"val/{name}.png")
measured = {"RDN": train("rdn", "model.hyperparameters={num_blocks: 2}")}

# %% [markdown] lang="zh"
# 再用同样的数据训练一个浅一些的 VDSR（8 层）。它只学残差，所以站在双三次的肩膀上；但 RDN 不是从双三次开始的，要从头学会放大。

# %% [markdown] lang="en"
# The same data train a shallower VDSR (8 layers). It learns the residual only, so it stands on the shoulders of bicubic interpolation; RDN has to learn
# from nothing how to enlarge.

# %%
measured["VDSR"] = train(
    "vdsr", "model.name=vdsr_x2", "model.hyperparameters={num_layers: 8}", "optimizer.learning_rate=1e-3"
)

# %%
show.curves(
    {
        name: [(entry["step"], entry["psnr"]) for entry in run["history"] if entry["psnr"] > 27]
        for name, run in measured.items()
    },
    y="PSNR in dB",
    levels={"bicubic": measured["RDN"]["baseline"]["psnr"]},
)

# %% [markdown] lang="zh"
# 展示结果：自己训练的两个网络，与随库的 `rdn_x2`（六个块，训练了很久）。一百步远远没有学完；训练得越久，越接近最后一行。

# %% [markdown] lang="en"
# The result: the two networks of a hundred steps beside the `rdn_x2` of this library, which has six blocks and was trained for long. The longer one trains,
# the nearer one comes to it.

# %%
small = imresize(high, 1 / 2)
enlarged = {
    "bicubic": pcv.load("bicubic_x2").predict(small),
    f"RDN, {STEPS} steps": pcv.load("rdn_lite_x2", weights="runs/rdn/best.pdparams").predict(small),
    f"VDSR, {STEPS} steps": pcv.load("vdsr_x2", weights="runs/vdsr/best.pdparams").predict(small),
    "rdn_x2": pcv.load("rdn_x2").predict(small),
}
scores = {name: super_resolution_scores(image, high, 2) for name, image in enlarged.items()}
show.table([{"network": name, "PSNR": score["psnr"], "SSIM": score["ssim"]} for name, score in scores.items()])

# %%
paper_figure(
    Image.fromarray(high),
    {name: Image.fromarray(image) for name, image in enlarged.items()},
    busiest_box(difference, 60, 60),
    {name: f"{score['psnr']:.2f} / {score['ssim']:.4f}" for name, score in scores.items()},
)

# %% [markdown] lang="zh"
# ## 练习
#
# 1. 把第 1 节的照片换成 `data.coffee()[100:400, 150:450]`，各方法的名次变了吗？差距为什么变了？
# 2. 不去边、不转亮度，直接在 RGB 上算 PSNR，分数变高还是变低？
# 3. 把 `SCALE` 设为 5，再训练一次 RDN。曲线在哪一步越过双三次？
# 4. 用自己的照片训练：`-o "data.folders=[my_photos]"`。
#
# <details><summary>参考答案</summary>
#
# 1. 名次通常不变，差距会变：细节（布纹、发丝）越多，网络比插值多出的分越多；平滑的区域大家都做得好。
# 2. 通常变低。色度误差也算了进来，而且 Y 的取值范围只有 16–235（219 级），同样的误差在 Y 上约小 219/255，即高约 1.3 dB。
#    不去边时，双三次等依赖边界填充的方法会低一些。
# 3. 取决于机器上的随机性，一般在前一百步之内。完整作业（两个 epoch，约 580 步）会明显高于双三次。
# 4. `paddle-cv train -c homework -o "data.folders=[my_photos]" output=runs/mine`，再用
#    `pcv.load("rdn_lite_x2", weights="runs/mine/best.pdparams")` 加载。
#
# </details>

# %% [markdown] lang="en"
# ## Exercises
#
# 1. Take `data.coffee()[100:400, 150:450]` in section 1. Does the order of the methods change? Why do the distances?
# 2. Compute the PSNR of RGB values, with the border. Is it higher or lower?
# 3. Set `SCALE` to 5 and train the RDN again. At which step does the curve cross bicubic interpolation?
# 4. Train with photographs of your own: `-o "data.folders=[my_photos]"`.
#
# <details><summary>Solutions</summary>
#
# 1. The order mostly stays, the distances change: the more detail (fabric, hair), the more a network gains over interpolation. All of them
#    do well where a picture is smooth.
# 2. Mostly lower: errors of colour count too, and Y has 219 levels only (16 to 235), so that the same error is smaller by 219/255,
#    about 1.3 dB. Near the border all methods have to guess what is outside.
# 3. It depends on chance, mostly within the first hundred steps. All of the homework (two epochs, some 580 steps) is clearly above
#    bicubic interpolation.
# 4. `paddle-cv train -c homework -o "data.folders=[my_photos]" output=runs/mine`, and then
#    `pcv.load("rdn_lite_x2", weights="runs/mine/best.pdparams")`.
#
# </details>
