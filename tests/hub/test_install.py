"""`tools/hub.py install|list|check` in a HUB_HOME of its own."""

import sys

import pytest

pytest.importorskip("paddlehub", reason="paddlehub is not installed (pip install .[hub])")

from paddle_cv.hub import published_modules  # noqa: E402

from .support import Runner  # noqa: E402

pytestmark = pytest.mark.hub


def test_install_list_and_check(tmp_path, root):
    run = Runner(tmp_path, root)

    def hub(*arguments, code=0):
        return run(sys.executable, root / "tools" / "hub.py", *arguments, code=code)

    assert "no module of this project is installed" in hub("check")
    assert "hub.py: error: there is no model 'resnet50_imagnet'; did you mean resnet50_imagenet" in hub(
        "install", "resnet50_imagnet", code=2
    )
    assert "no module has the network rdn_b_x4" in hub("check", "rdn_b_x4", code=2)
    installed = tmp_path / "home" / "modules"
    # Files that somebody has put there stay, as do those of PaddleHub's own module; its code does not.
    animals = installed / "resnet50_vd_animals"
    (animals / "model").mkdir(parents=True)
    for path in ("model/__model__", "label_list.txt", "resnet50d.pdparams", "module.py", "processor.py"):
        (animals / path).write_text("of before")
    assert "another version" in hub("check", code=1)
    output = hub("install", "rdn_lite_x4", "resnet50", "resnet50_vd_animals")
    assert "installed rdn_x4 1.0.0" in output and "installed resnet50_vd_animals 1.1.0" in output
    for path in ("model/__model__", "label_list.txt", "resnet50d.pdparams"):
        assert (animals / path).read_text() == "of before"
    assert "AnimalModule" in (animals / "module.py").read_text() and not (animals / "processor.py").exists()
    assert sorted(path.name for path in installed.glob("*") if path.is_dir()) == sorted(
        ["rdn_x4", "resnet50_imagenet", "resnet50_vd_animals"]
    )
    names = {*(path.parent.name for path in root.glob("hub_modules/*/module.py")), *published_modules()}
    # Among warnings of other libraries.
    listed = [line for line in hub("list").splitlines() if line.split()[:1] and line.split()[0] in names]
    assert "rdn_x4  (installed)" in listed and "alexnet_imagenet" in listed
    assert names == {line.split()[0] for line in listed}
    checked = hub("check")
    assert all(f"{name}: ok" in checked for name in ("rdn_x4", "resnet50_imagenet", "resnet50_vd_animals"))
    [weights] = (installed / "rdn_x4").glob("*.pdparams")
    weights.write_bytes(weights.read_bytes()[:-1] + b"?")
    (installed / "resnet50_imagenet" / "module.py").write_text("raise RuntimeError")
    checked = hub("check", "rdn_x4", "resnet50_imagenet", "alexnet_imagenet", code=1)
    assert f"rdn_x4: {weights.name} is not the file that the card describes" in checked
    assert "resnet50_imagenet: another version" in checked and "alexnet_imagenet: not installed" in checked
    weights.unlink()
    assert f"{weights.name} is missing" in hub("check", "rdn_x4", code=1)
    assert "rdn_x4: ok" in hub("install", "rdn_x4") + hub("check", "rdn_x4")
