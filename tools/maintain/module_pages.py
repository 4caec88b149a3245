#!/usr/bin/env python
"""Writes the README files of the hub modules, docs/modules.md and docs/imagenet.md, and makes new modules.

    python tools/maintain/module_pages.py                   # brings the pages of all up to date
    python tools/maintain/module_pages.py --new lenet       # makes hub_modules/lenet_mnist

All that they say comes from the network's registration and, where the module ships weights, from its card; the texts around it
stand in tools/maintain/templates. A paragraph on the networks of one name, such as rdn_lite, may stand in its folder `about`.
"""

import argparse
import json
import re
import sys
from pathlib import Path
from string import Template
from typing import Any, Optional

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import paddle  # noqa: E402

import paddle_cv as pcv  # noqa: E402
from paddle_cv.analysis import card_table, read_card, score_table  # noqa: E402
from paddle_cv.hub import module_base, published_modules, write_module  # noqa: E402
from paddle_cv.weights import hub_modules_folder  # noqa: E402

TEMPLATES = Path(__file__).with_name("templates")
README = {"en": "README.md", "zh": "README.zh-CN.md"}
SUFFIX = {"en": ".md", "zh": ".zh-CN.md"}
DATA_SETS = {"imagenet": "ImageNet (ILSVRC 2012)", "mnist": "MNIST"}
WHAT = {
    "en": {"imagenet": "the 1000 classes of ImageNet", "mnist": "handwritten digits"},
    "zh": {"imagenet": " ImageNet 的 1000 个类别", "mnist": "手写数字"},
}
INVERTED = {"en": ", dark ink on bright paper inverted", "zh": "，浅底深色的数字先反色"}
GREY = {"en": ("read as RGB", "turned into grey"), "zh": ("以 RGB 读入", "转为灰度图")}
FOLD = {
    "en": {2: "twofold", 3: "threefold", 4: "fourfold", 8: "eightfold"},
    "zh": {2: "2 倍", 3: "3 倍", 4: "4 倍", 8: "8 倍"},
}
# What the pages of restoration modules say by task.
RESTORATION = {
    "en": {
        "super_resolution": {
            "category": "super-resolution",
            "does": "Enlarges pictures $fold.",
            "one_channel": " The network works on the luminance; the colour is enlarged by bicubic interpolation.",
            "measured": "luminance with a border of $scale pixels left out",
            "and_scale": " and scale",
            "resulting": "enlarged",
        },
        "denoising": {
            "category": "denoising",
            "does": "Takes noise out of pictures, here Gaussian noise of a standard deviation of $noise_level (of 255).",
            "one_channel": " The network is for grey pictures; the channels of those in colour go through it one by one.",
            "measured": "noisy pictures",
            "and_scale": "",
            "resulting": "denoised",
        },
    },
    "zh": {
        "super_resolution": {
            "category": "超分辨率",
            "does": "把图片放大 $fold。",
            "one_channel": "网络处理亮度，颜色用双三次插值放大。",
            "measured": "亮度通道、去掉边缘 $scale 像素",
            "and_scale": "、同一倍数",
            "resulting": "放大后的",
        },
        "denoising": {
            "category": "去噪",
            "does": "去除图片中的噪声（标准差为 $noise_level 的高斯噪声，255 制）。",
            "one_channel": "网络用于灰度图；彩色图片的各通道分别处理。",
            "measured": "含噪图片处理后",
            "and_scale": "",
            "resulting": "去噪后的",
        },
    },
}
MODULES_PAGES = {
    "en": """\
# The modules

[中文](modules.zh-CN.md)

Written by `python tools/maintain/module_pages.py`. `paddle-cv hub install` puts these {count} modules where
`hub.Module(name=...)` finds them; [paddlehub.md](paddlehub.md) shows what they can do. Their names are names of
`paddle_cv.load` and of all commands as well.

| module | task | network | weights | score | where the weights are |
|---|---|---|---|---|---|
{lines}
""",
    "zh": """\
# 模块

[English](modules.md)

由 `python tools/maintain/module_pages.py` 写成。`paddle-cv hub install` 把这 {count} 个模块放到
`hub.Module(name=...)` 能找到的地方；用法见 [paddlehub.zh-CN.md](paddlehub.zh-CN.md)。模块名也可以用于 `paddle_cv.load` 和所有命令。

| 模块 | 任务 | 网络 | 权重大小 | 得分 | 权重在哪里 |
|---|---|---|---|---|---|
{lines}
""",
}
#: What the list of the modules tells of cards, with digits after the point and what the value is multiplied by.
SCORES = (("accuracy", 2, 100), ("psnr", 2, 1), ("iou", 3, 1))
MODULES_FILES = {"en": "modules.md", "zh": "modules.zh-CN.md"}
MODULES_WORDS = {
    "en": {
        "shipped": "in the module",
        "published": "fetched at the first use",
        "brought": "the user's files",
        "super_resolution": "super-resolution",
        "unmeasured": "not measured",
        "accuracy": "{value} % of {name}",
        "psnr": "{value} dB on {name}",
        "iou": "IoU {value} on {name}",
    },
    "zh": {
        "shipped": "模块中",
        "published": "首次使用时下载",
        "brought": "用户的文件",
        "super_resolution": "超分辨率",
        "denoising": "去噪",
        "classification": "分类",
        "unmeasured": "未测量",
        "segmentation": "抠图",
        "accuracy": "{name} 上 {value} %",
        "psnr": "{name} 上 {value} dB",
        "iou": "{name} 上 IoU {value}",
    },
}
RESULT = {"super_resolution": ("large", "reconstruct"), "denoising": ("clean", "denoise")}
PUBLISHED_PAGES = {
    "en": """\
# Modules whose weights are fetched

[中文](imagenet.zh-CN.md)

Written by `python tools/maintain/module_pages.py`. `paddle-cv hub install NAME` writes the module of a network whose weights
PaddlePaddle publishes; this project has not measured them. They are fetched at the first use, and their MD5 is checked. Without
a network, put the file under its name into `~/.cache/paddle_cv/weights` (or the folder `weights` in `PADDLE_CV_HOME`), or give its
path: `hub.Module(name=NAME, weights="file")`, in the form of torchvision as well, or fine-tuned for other classes, whose names
stand in the file. The calls are those of [lenet_mnist](../hub_modules/lenet_mnist/README.md); images are read in colour, and
transparent parts count as white.

| module | network | paper | parameters | size | file | MD5 |
|---|---|---|---|---|---|---|
{lines}
""",
    "zh": """\
# 权重在首次使用时下载的模块

[English](imagenet.md)

由 `python tools/maintain/module_pages.py` 写成。`paddle-cv hub install 模块名` 为 PaddlePaddle 发布了权重的网络写出模块；
这些权重本项目未做测试。首次使用时下载，并核对 MD5。没有网络时，请把文件以原名放入 `~/.cache/paddle_cv/weights`
（或 `PADDLE_CV_HOME` 中的 `weights` 文件夹），或给出路径：
`hub.Module(name=模块名, weights="文件")`；torchvision 格式的权重、为其他类别微调过的权重（类别名在文件中）也可以。
调用方法与 [lenet_mnist](../hub_modules/lenet_mnist/README.zh-CN.md) 相同；输入为彩色图片，透明部分按白色处理。

| 模块 | 网络 | 论文 | 参数量 | 大小 | 文件 | MD5 |
|---|---|---|---|---|---|---|
{lines}
""",
}
PUBLISHED_FILES = {"en": "imagenet.md", "zh": "imagenet.zh-CN.md"}


def network_of(module: Path) -> Optional[pcv.ModelSpec]:
    """The network of a module that this script writes the pages of; None for modules with pages of their own."""
    source = (module / "module.py").read_text(encoding="utf-8")
    bases = "|".join(base.__name__ for base in module_base.all().values())
    found = re.search(rf'\((?:{bases})\):\n    model = "(.+)"', source)
    return pcv.model_spec(found[1]) if found else None


def weights_text(module: Path, language: str) -> str:
    """How the module's weights were made."""
    if not (module / "card.json").is_file():
        raise ValueError(f"{module.name} has no card.json, which its README tells of")
    return card_table(read_card(module), language)


def facts(spec: pcv.ModelSpec) -> dict[str, Any]:
    """What all pages say."""
    with paddle.LazyGuard():  # counts without filling
        network = pcv.create_model(spec.name)
    parameters = sum(parameter.size for parameter in network.parameters() if not parameter.stop_gradient)
    size = 4 * sum(value.size for value in network.state_dict().values())  # bytes
    return {
        "name": spec.module_name,
        "model": spec.name,
        "summary": spec.summary,
        "paper": spec.paper,
        "size": f"{size / 1e6:.1f} MB",
        "parameters": f"{parameters:,}",
        "classes": getattr(network, "num_classes", None),
    }


def template(name: str, language: str) -> Template:
    return Template((TEMPLATES / f"{name}{SUFFIX[language]}").read_text(encoding="utf-8"))


def classification_readme(module: Path, spec: pcv.ModelSpec, language: str) -> str:
    text = template("classification", language).substitute(
        facts(spec),
        what=WHAT[language][spec.labels],
        data_set=DATA_SETS[spec.labels],
        inverted=INVERTED[language] if spec.labels == "mnist" else "",
        resize=spec.resize,
        input=spec.input_size,
        weights=weights_text(module, language),
    )
    return text.replace(*GREY[language]) if spec.in_channels == 1 else text


def about(spec: pcv.ModelSpec, language: str) -> str:
    """The paragraph of its own that a network has, or nothing."""
    name = re.sub(r"_x\d+$", "", spec.name)
    if not (TEMPLATES / "about" / f"{name}{SUFFIX[language]}").is_file():
        return ""
    return "\n\n" + template(f"about/{name}", language).substitute(model=spec.name).strip()


def restoration_readme(module: Path, spec: pcv.ModelSpec, language: str) -> str:
    card = read_card(module)
    published = json.loads((ROOT / "docs" / "published.json").read_text(encoding="utf-8"))
    words = RESTORATION[language][spec.task]
    values = {"fold": FOLD[language].get(spec.scale), "scale": spec.scale, "noise_level": card.get("noise_level")}
    words = {key: Template(text).substitute(values) for key, text in words.items()}
    one_channel = words.pop("one_channel") if spec.in_channels == 1 else ""
    words["does"] += one_channel
    result, method = RESULT[spec.task]
    between = {"en": ", ", "zh": "、"}[language]
    text = template("restoration", language).substitute(
        {**facts(spec), **words},
        sets=between.join(card["scores"]),
        data_set=between.join(card["training_data"]),
        about=about(spec, language),
        scores=score_table(card, published, language),
        card=weights_text(module, language),
        result=result,
        method=method,
    )
    return re.sub(r" +$", "", text, flags=re.MULTILINE)


def segmentation_readme(module: Path, spec: pcv.ModelSpec, language: str) -> str:
    return template("segmentation", language).substitute(
        facts(spec), side=spec.working_size, weights=weights_text(module, language)
    )


WRITERS = {"classification": classification_readme, "segmentation": segmentation_readme}


def readme(module: Path, spec: pcv.ModelSpec, language: str) -> str:
    return WRITERS.get(spec.task, restoration_readme)(module, spec, language)


def pages(folder: Optional[Path] = None) -> dict[Path, str]:
    """Each README of the modules in a folder (None: this project's), with the text it should have."""
    texts = {}
    for source in sorted((folder or hub_modules_folder()).glob("*/module.py")):
        spec = network_of(source.parent)
        for language, name in README.items() if spec else ():
            texts[source.parent / name] = readme(source.parent, spec, language)
    return texts


def score(module: Path, language: str = "en") -> str:
    """What the card says first of the weights' quality."""
    words = MODULES_WORDS[language]
    name, values = next(iter(read_card(module)["scores"].items()))
    key, digits, factor = next(entry for entry in SCORES if entry[0] in values)
    return words[key].format(value=f"{factor * values[key]:.{digits}f}", name=name)


def modules_page(folder: Optional[Path] = None, language: str = "en") -> str:
    """docs/modules.md: the modules in a folder (None: this project's), their size and what they score."""
    words, lines = MODULES_WORDS[language], []

    def row(link: str, spec: pcv.ModelSpec, scored: str, origin: str) -> str:
        cells = (link, words.get(spec.task, spec.task), f"`{spec.name}`", facts(spec)["size"], scored, origin)
        return f"| {' | '.join(cells)} |"

    for source in sorted((folder or hub_modules_folder()).glob("*/module.py")):
        module = source.parent
        link = f"[{module.name}](../hub_modules/{module.name}/{README[language]})"
        spec = network_of(module)
        if spec is None:
            [kind] = re.findall(r'type="CV/(?:image|semantic)_(\w+)"', source.read_text(encoding="utf-8"))
            lines.append(f"| {link} | {words.get(kind, kind)} | | | | {words['brought']} |")
            continue
        lines.append(row(link, spec, score(module, language), words["shipped"]))
    for name, spec in published_modules().items():
        lines.append(row(f"[{name}]({PUBLISHED_FILES[language]})", spec, words["unmeasured"], words["published"]))
    return MODULES_PAGES[language].format(count=len(lines), lines="\n".join(lines))


def modules_pages(folder: Optional[Path] = None, root: Path = ROOT) -> dict[Path, str]:
    """The list of the modules in all languages."""
    return {root / "docs" / name: modules_page(folder, language) for language, name in MODULES_FILES.items()}


def published_pages() -> dict[Path, str]:
    """docs/imagenet.md, in all languages: the networks whose weights somebody publishes."""
    lines = []
    for name, spec in published_modules().items():
        told, url = facts(spec), spec.published.url
        file = f"[{url.rpartition('/')[2]}]({url})"
        cells = (
            name,
            told["summary"],
            told["paper"],
            told["parameters"],
            told["size"],
            file,
            f"`{spec.published.md5}`",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return {
        ROOT / "docs" / name: PUBLISHED_PAGES[language].format(lines="\n".join(lines))
        for language, name in PUBLISHED_FILES.items()
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--new", nargs="+", default=[], metavar="NETWORK", help="networks to make modules for")
    for name in parser.parse_args().new:
        print(f"made {write_module(pcv.model_spec(name), hub_modules_folder())}")
    for path, text in {**pages(), **modules_pages(), **published_pages()}.items():
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            print(f"updated {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
