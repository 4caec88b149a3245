"""What docs/training.md says is so."""

import re
import shlex

import pytest
import yaml
from omegaconf import OmegaConf

from paddle_cv.data import Degradation
from paddle_cv.training import TrainConfig, load_config
from paddle_cv.training.losses import LOSSES


@pytest.fixture(scope="module")
def page(root):
    return (root / "docs" / "training.md").read_text()


def test_commands(page, root):
    commands = [line for line in page.splitlines() if re.match(r"python .*tools/", line)]
    configs = 0
    for command in commands:
        words = shlex.split(command)
        assert (root / next(word for word in words if word.startswith("tools/"))).is_file()
        if "-c" in words:
            overrides = words[words.index("-o") + 1 :] if "-o" in words else []
            config = load_config(root / words[words.index("-c") + 1], [word for word in overrides if "=" in word])
            Degradation(config.data.degradation or "bicubic")
            configs += 1
        if "--degradation" in words:
            Degradation(words[words.index("--degradation") + 1])
    assert configs >= 5


def test_configurations(page):
    blocks = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    assert len(blocks) == 2
    for block in blocks:
        content = yaml.safe_load(block)
        content.pop("_base_", None)
        OmegaConf.merge(OmegaConf.structured(TrainConfig), content)
    assert all(name in page for name in LOSSES)


def test_degradations(page):
    texts = re.findall(
        r"^\| `([a-z0-9+:-]+)` \|", page.partition("## Degradations")[2].partition("```")[0], re.MULTILINE
    )
    assert len(texts) == 6
    for text in texts:
        Degradation(text)
