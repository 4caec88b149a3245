"""Every recipe in configs/restoration trains: two steps of each, on small patches and, where a network is large, few blocks."""

from pathlib import Path

import numpy as np
import paddle
import pytest
import yaml
from PIL import Image

import paddle_cv as pcv
from paddle_cv.models import build_model, model_spec
from paddle_cv.training import Trainer, load_config
from paddle_cv.training.cpu import compile_for_cpu

CONFIGS = sorted((Path(__file__).parents[2] / "configs" / "restoration").glob("*.yaml"))

#: What makes the large networks small.
SMALL = {
    "btsrn": "num_low: 1, num_high: 1, num_features: 16, bottleneck: 8",
    "carn": "num_features: 16",
    "cnf": "num_layers: [4, 5]",
    "dbpn": "num_stages: 2, num_features: 8, num_initial_features: 16",
    "dncnn": "num_layers: 4, num_features: 16",
    "drcn": "num_recursions: 3, num_features: 16",
    "drln": "num_features: 16, reduction: 4",
    "drrn": "num_units: 2, num_features: 16",
    "drunet": "num_blocks: 1, num_features: [8, 8, 16, 16]",
    "edsr": "num_blocks: 1, num_features: 16",
    "enhancenet": "num_blocks: 1, num_features: 16",
    "esrgan": "num_blocks: 1, num_features: 16, growth_rate: 8",
    "fbcnn": "num_blocks: 1, num_features: [8, 8, 16, 16]",
    "ffdnet": "num_layers: 4, num_features: 16",
    "idn": "num_blocks: 1",
    "imdn": "num_blocks: 1",
    "lapsrn": "num_layers: 2, num_features: 16",
    "mamnet": "num_blocks: 1",
    "mdsr": "num_blocks: 1, num_features: 16",
    "memnet": "num_blocks: 2, num_recursions: 2, num_features: 16",
    "msrresnet": "num_blocks: 1, num_features: 16",
    "nafnet": "num_features: 8, encoder_blocks: [1, 1], middle_blocks: 1, decoder_blocks: [1, 1]",
    "rcan": "num_groups: 1, num_blocks: 1, num_features: 16, reduction: 4",
    "rdn": "num_blocks: 1, num_features: 16, growth_rate: 16",
    "rednet": "num_layers: 3, num_features: 16",
    "selnet": "num_blocks: 1, num_features: 16",
    "srdensenet": "num_blocks: 2, num_layers: 2",
    "srfeat": "num_blocks: 1, num_features: 16",
    "srmd": "num_layers: 3, num_features: 16",
    "srresnet": "num_blocks: 1, num_features: 16",
    "srvgg": "num_layers: 2, num_features: 16",
    "vdsr": "num_layers: 4, num_features: 16",
}


#: What makes the discriminators small and fit patches of 16 x 16 pixels.
DISCRIMINATORS = {
    "srgan_x4": ["adversarial.hyperparameters={num_features: 4, image_size: 64}"],
    "esrgan_gan_x4": ["adversarial.hyperparameters={num_features: 4}", "data.patch_size=32"],
}

#: What training at one scale leaves as it is: mean colours, and the layers of the other scales.
CONSTANT = {
    "carn": ("upsample.up", "sub_mean", "add_mean"),
    "drln": ("sub_mean", "add_mean", "c4."),  # b5 takes the block's input, c4's output goes nowhere
    "edsr": ("sub_mean", "add_mean"),
    "mdsr": ("sub_mean", "add_mean", "pre_process.", "upsample."),
    "rcan": ("sub_mean", "add_mean"),
}


def _name(path: Path) -> str:
    return load_config(path).model.name


def _family(path: Path) -> str:
    return model_spec(_name(path)).network.__module__.rpartition(".")[2]


@pytest.fixture(scope="module")
def pictures(tmp_path_factory, photo):
    folder = tmp_path_factory.mktemp("pictures")
    for name, side in (("small", 96), ("large", 128)):
        (folder / name).mkdir()
        Image.fromarray(photo[100 : 100 + side, 150 : 150 + side]).save(folder / name / "cat.png")
    return folder


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_recipe_trains(path, pictures, vgg19, tmp_path):
    family = _family(path)
    pictures = pictures / ("large" if path.stem in DISCRIMINATORS else "small")
    config = load_config(
        path,
        [
            f"output={tmp_path / 'run'}",
            f"data.folders=[{pictures}]",
            f"validation.high={pictures}",
            "validation.low=null",
            f"model.hyperparameters={{{SMALL.get(family, '')}}}",
            "data.patch_size=16",
            "data.batch_size=2",
            "data.rescale=[1.0]",
            "steps=2",
            "model.weights=null",
            "log_every=1",
            f"perceptual.weights={vgg19}",
            "perceptual.layers=[relu1_2]",
            *DISCRIMINATORS.get(path.stem, []),
        ],
    )
    trainer = Trainer(config, progress=False)
    losses, step = [], trainer._train_step

    def watched(*batch):
        losses.append(step(*batch))
        return losses[-1]

    trainer._train_step = watched
    after = dict(trainer.network.named_parameters())
    before = {name: value.numpy().copy() for name, value in after.items()}
    best = trainer.train()
    assert len(losses) == 2 and np.isfinite([float(loss) for loss in losses]).all()
    assert trainer.history[-1]["step"] == 2 and np.isfinite([best["psnr"], trainer.history[-1]["psnr"]]).all()
    unchanged = {name for name, value in after.items() if np.array_equal(before[name], value.numpy())}
    constant = {name for name in after if name.startswith(CONSTANT.get(family, "-"))}
    assert unchanged <= constant, unchanged - constant
    assert all(np.isfinite(value.numpy()).all() for value in trainer.network.state_dict().values())


COMPILED = [path for path in CONFIGS if load_config(path).model.compile]


@pytest.mark.parametrize("path", COMPILED, ids=lambda path: path.stem)
def test_compiled_gradients_are_those_of_dygraph(path):
    spec = model_spec(_name(path))
    small = yaml.safe_load(f"{{{SMALL.get(_family(path), '')}}}")
    paddle.seed(1)
    plain, twin = (build_model(spec.name, **small) for _ in range(2))
    twin.set_state_dict(plain.state_dict())
    method = "forward" if plain.all_outputs is None else "all_outputs"
    inputs = [paddle.rand([2, spec.in_channels, 21, 21])]
    inputs += [paddle.rand([2, *shape]) for shape in spec.extra_inputs.values()]
    losses, gradients = [], []
    for network, compute in ((plain, getattr(plain, method)), (twin, compile_for_cpu(twin, method))):
        outputs = compute(*inputs)
        outputs = outputs if isinstance(outputs, (list, tuple)) else [outputs]
        loss = sum((output - 0.3).square().mean() for output in outputs)
        loss.backward()
        losses.append(float(loss))
        gradients.append({name: p.grad.numpy() for name, p in network.named_parameters() if p.grad is not None})
    assert losses[1] == pytest.approx(losses[0], rel=1e-5)
    assert gradients[0].keys() == gradients[1].keys()
    for name, want in gradients[0].items():
        assert np.abs(gradients[1][name] - want).max() <= 1e-3 * np.abs(want).max(), name


def test_every_network_has_a_recipe():
    specs = [pcv.model_spec(name) for name in pcv.list_models()]
    learned = {
        spec.network
        for spec in specs
        if spec.task in ("super_resolution", "denoising") and spec.network.__name__ != "Interpolation"
    }
    assert {model_spec(_name(path)).network for path in CONFIGS} == learned
