#!/usr/bin/env python
"""Writes the README files of the classification modules, and makes new modules.

    python tools/module_pages.py                   # brings the README files of all up to date
    python tools/module_pages.py --new lenet       # makes hub_modules/lenet_mnist
    python tools/module_pages.py --new             # makes those of all networks whose weights somebody publishes

All that they say comes from the network's registration and, where the module ships weights, from its card; the texts around it
stand in tools/templates.
"""

import argparse
import re
import sys
from pathlib import Path
from string import Template
from typing import Optional

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import paddle  # noqa: E402

import paddle_cv as pcv  # noqa: E402
from paddle_cv.analysis import card_table, read_card  # noqa: E402
from paddle_cv.weights import hub_modules_folder  # noqa: E402

TEMPLATES = Path(__file__).with_name("templates")
README = {"en": ("README.md", "classification.md"), "zh": ("README.zh-CN.md", "classification.zh-CN.md")}
DATA_SETS = {"imagenet": "ImageNet (ILSVRC 2012)", "mnist": "MNIST"}
WHAT = {
    "en": {"imagenet": "the 1000 classes of ImageNet", "mnist": "handwritten digits"},
    "zh": {"imagenet": " ImageNet 的 1000 个类别", "mnist": "手写数字"},
}
INVERTED = {"en": ", dark ink on bright paper inverted", "zh": "，浅底深色的数字先反色"}
GREY = {"en": ("read as RGB", "turned into grey"), "zh": ("以 RGB 读入", "转为灰度图")}
PUBLISHED = {
    "en": """\
**Weights.** PaddlePaddle publishes them; this project has not measured them. They are fetched at the first use from

    {url}

(MD5 `{md5}`). Without a network, put the file under the name `{file}` into
`~/.cache/paddle_cv/weights` (or the folder `weights` in `PADDLE_CV_HOME`), or give its path:
`hub.Module(name="{name}", weights="file")`.""",
    "zh": """\
**权重。** 由 PaddlePaddle 发布，本项目未做测试。首次使用时从以下地址下载：

    {url}

（MD5 `{md5}`）。没有网络时，请把文件以 `{file}` 为名放入
`~/.cache/paddle_cv/weights`（或 `PADDLE_CV_HOME` 中的 `weights` 文件夹），或给出路径：
`hub.Module(name="{name}", weights="文件")`。""",
}


def network_of(module: Path) -> Optional[pcv.ModelSpec]:
    """The network of a classification module; None for other modules."""
    source = (module / "module.py").read_text(encoding="utf-8")
    found = re.search(r'\(ClassificationModule\):\n    model = "(.+)"', source)
    return pcv.model_spec(found[1]) if found else None


def weights_text(module: Path, spec: pcv.ModelSpec, language: str) -> str:
    if (module / "card.json").is_file():
        return card_table(read_card(module), language)
    if spec.published is None:
        raise ValueError(f"{module.name} has no card.json, and no weights are published for {spec.name}")
    file = spec.published.url.rpartition("/")[2]
    return PUBLISHED[language].format(url=spec.published.url, md5=spec.published.md5, file=file, name=module.name)


def readme(module: Path, spec: pcv.ModelSpec, language: str) -> str:
    with paddle.LazyGuard():  # counts without filling
        network = pcv.create_model(spec.name)
    parameters = sum(parameter.size for parameter in network.parameters() if not parameter.stop_gradient)
    size = 4 * sum(value.size for value in network.state_dict().values())  # bytes
    text = Template((TEMPLATES / README[language][1]).read_text(encoding="utf-8")).substitute(
        name=module.name,
        model=spec.name,
        what=WHAT[language][spec.labels],
        summary=spec.summary,
        paper=spec.paper,
        data_set=DATA_SETS[spec.labels],
        size=f"{size / 1e6:.1f} MB",
        parameters=f"{parameters:,}",
        classes=network.num_classes,
        inverted=INVERTED[language] if spec.labels == "mnist" else "",
        resize=spec.resize,
        input=spec.input_size,
        weights=weights_text(module, spec, language),
    )
    return text.replace(*GREY[language]) if spec.in_channels == 1 else text


def pages() -> dict[Path, str]:
    """Each README of a classification module, with the text it should have."""
    texts = {}
    for source in sorted(hub_modules_folder().glob("*/module.py")):
        spec = network_of(source.parent)
        for language, (name, _) in README.items() if spec else ():
            texts[source.parent / name] = readme(source.parent, spec, language)
    return texts


def module_source(spec: pcv.ModelSpec, name: str) -> str:
    """The module.py of a new module."""
    class_name = "".join(part.capitalize() for part in name.split("_"))
    template = Template((TEMPLATES / "classification.py.txt").read_text(encoding="utf-8"))
    return template.substitute(name=name, class_name=class_name, model=spec.name, what=WHAT["en"][spec.labels])


def module_name(spec: pcv.ModelSpec) -> str:
    """The name that the registration has for a module with weights, or else `<network>_<data set>`."""
    return spec.hub_module or f"{spec.name}_{spec.labels}"


def make_module(spec: pcv.ModelSpec, folder: Path) -> Path:
    """Makes a module in a folder, without README files."""
    module = folder / module_name(spec)
    module.mkdir()
    (module / "__init__.py").touch()
    (module / "module.py").write_text(module_source(spec, module.name), encoding="utf-8")
    return module


def without_module() -> list[str]:
    """Networks whose weights somebody publishes and that have no module."""
    specs = (pcv.model_spec(name) for name in pcv.list_models(task="classification"))
    folder = hub_modules_folder()
    return [spec.name for spec in specs if spec.published and not (folder / module_name(spec)).exists()]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--new", nargs="*", metavar="NETWORK", help="networks to make modules for")
    new = parser.parse_args().new
    for name in without_module() if new == [] else new or ():
        print(f"made {make_module(pcv.model_spec(name), hub_modules_folder())}")
    for path, text in pages().items():
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            print(f"updated {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
