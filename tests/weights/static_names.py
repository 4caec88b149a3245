"""The variables of the static graphs of PaddleHub's animal modules, in the order in which their programs make them."""

import paddle

NORM = ("scale", "offset", "mean", "variance")


def resnet_vd_names(depths):
    """Letters number the blocks, as the programs for 50 layers have it."""
    names = []
    for place in "123":
        names += [f"conv1_{place}_weights", *(f"bnv1_{place}_{field}" for field in NORM)]
    for stage, depth in enumerate(depths, start=2):
        for block in "abcdefgh"[:depth]:
            for branch in ("2a", "2b", "2c", *(["1"] if block == "a" else [])):
                stem = f"{stage}{block}_branch{branch}"
                names += [f"res{stem}_weights", *(f"bn{stem}_{field}" for field in NORM)]
    return [*names, "fc_0.w_0", "fc_0.b_0"]


def mobilenet_v2_names():
    layers = ["conv1_1"]
    for stage, count in enumerate((1, 2, 3, 4, 3, 3, 1), start=2):
        for block in range(1, count + 1):
            layers += [f"conv{stage}_{block}_{layer}" for layer in ("expand", "dwise", "linear")]
    layers.append("conv9")
    names = [name for layer in layers for name in (f"{layer}_weights", *(f"{layer}_bn_{field}" for field in NORM))]
    return [*names, "fc10_weights", "fc10_offset"]


def save_static(network, names, folder, prefix=""):
    """Writes a folder as Paddle 1.x did, each variable by Paddle's own writer of that form."""
    folder.mkdir(parents=True)
    (folder / "__model__").write_bytes(b"the graph")
    state = network.state_dict()
    for name in names:
        value = state[type(network).paddle_key(name)]
        paddle.save(paddle.to_tensor(value.numpy()), str(folder / (prefix + name)), use_binary_format=True)
