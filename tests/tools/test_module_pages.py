"""The modules and README files that tools/maintain/module_pages.py writes."""

import json

import pytest

import paddle_cv as pcv

pytest.importorskip("paddlehub", reason="paddlehub is not installed (pip install .[hub])")

from paddle_cv.hub import published_modules, write_module  # noqa: E402
from paddle_cv.hub.published import module_source  # noqa: E402
from tools.maintain.module_pages import modules_pages, network_of, pages, published_pages, readme  # noqa: E402


def test_pages_are_up_to_date():
    texts = {**pages(), **published_pages()}
    assert len(texts) >= 24
    for path, text in texts.items():
        assert path.read_text(encoding="utf-8") == text, f"run python tools/maintain/module_pages.py: {path} is stale"


def test_the_list_of_modules_is_up_to_date(root):
    files = modules_pages()
    assert sorted(path.name for path in files) == ["modules.md", "modules.zh-CN.md"]
    for path, right in files.items():
        text = path.read_text(encoding="utf-8")
        assert text == right, "run python tools/maintain/module_pages.py"
        for module in (root / "hub_modules").glob("*/module.py"):
            assert f"(../hub_modules/{module.parent.name}/README" in text
        assert all(f"| [{name}](imagenet." in text for name in published_modules())
    text, chinese = files.values()
    card = json.loads((root / "hub_modules" / "rdn_x4" / "card.json").read_text())
    assert f"| 2.1 MB | {card['scores']['Set5']['psnr']:.2f} dB on Set5 | in the module |" in text
    assert f"| 2.1 MB | Set5 上 {card['scores']['Set5']['psnr']:.2f} dB | 模块中 |" in chinese


def test_modules_have_one_form(root):
    folders = {path.parent for path in pages()}
    for folder in folders:
        spec = network_of(folder)
        assert folder.name == spec.module_name
        assert (folder / "module.py").read_text(encoding="utf-8") == module_source(spec)
    assert network_of(root / "hub_modules" / "rdn_x4").name == "rdn_lite_x4"


def test_published_weights_need_no_folder(root):
    modules = published_modules()
    assert len(modules) >= 28 and modules["resnet50_imagenet"].published.url.startswith("https://")
    assert not [name for name in modules if (root / "hub_modules" / name).exists()]
    text, chinese = published_pages().values()
    for spec in modules.values():
        assert spec.published.md5 in text and spec.published.md5 in chinese


def test_a_module_with_weights_of_its_own(tmp_path):
    spec = pcv.model_spec("lenet")
    module = write_module(spec, tmp_path)
    assert module.name == "lenet_mnist" and network_of(module) is spec
    keys = ("model", "config", "training_data", "steps", "hours", "hardware", "date", "note", "sha256")
    card = {**{key: f"the {key}" for key in keys}, "scores": {"mnist": {"accuracy": 0.99517}}}
    (module / "card.json").write_text(json.dumps(card), encoding="utf-8")
    english, chinese = (readme(module, spec, language) for language in ("en", "zh"))
    assert "61,706 parameters" in english and "Names handwritten digits" in english and "turned into grey" in english
    assert "61,706" in chinese and "转为灰度图" in chinese
    assert "| accuracy on mnist | 99.52 % |" in english and "| mnist 上的准确率 | 99.52 % |" in chinese
    assert "| training data | the training_data |" in english and "| 训练数据 | the training_data |" in chinese
