"""Losses of segmentation against second implementations, and what they are at their ends."""

import numpy as np
import paddle
import paddle.nn.functional as F
import pytest

from paddle_cv.training.region_losses import REGION_LOSSES


def shares(labels, num_classes):
    known = (labels < num_classes).astype("float32")
    return F.one_hot(labels.clip(max=num_classes - 1), num_classes).transpose([0, 3, 1, 2]) * known.unsqueeze(1)


@pytest.fixture
def logits():
    return paddle.to_tensor(np.random.default_rng(0).normal(size=(2, 3, 6, 5)).astype(np.float32))


@pytest.fixture
def labels():
    labels = np.random.default_rng(1).integers(0, 3, (2, 6, 5))
    labels[:, 0] = 255
    return paddle.to_tensor(labels)


def test_cross_entropy_is_that_of_paddle(logits, labels):
    expected = F.cross_entropy(logits, labels, axis=1, ignore_index=255)
    assert float(REGION_LOSSES["cross_entropy"](logits, shares(labels, 3))) == pytest.approx(float(expected), rel=1e-5)


def test_ohem_is_the_mean_of_the_hardest_quarter(logits, labels):
    each = F.cross_entropy(logits, labels, axis=1, ignore_index=255, reduction="none").numpy().ravel()
    hardest = np.sort(each)[::-1][: round(0.25 * 2 * 5 * 5)]
    assert float(REGION_LOSSES["ohem"](logits, shares(labels, 3))) == pytest.approx(hardest.mean(), rel=1e-5)


def test_dice_counts_areas(logits, labels):
    target = shares(labels, 3).numpy()
    found = F.softmax(logits, axis=1).numpy() * target.sum(1, keepdims=True)
    each = [
        (2 * (found[:, k] * target[:, k]).sum() + 1) / (found[:, k].sum() + target[:, k].sum() + 1) for k in range(3)
    ]
    assert float(REGION_LOSSES["dice"](logits, shares(labels, 3))) == pytest.approx(1 - np.mean(each), rel=1e-5)


def test_lovasz_of_a_sure_result_is_what_is_missing_of_the_mean_iou(labels):
    guess = paddle.to_tensor(np.random.default_rng(2).integers(0, 3, labels.shape))
    sure = F.one_hot(guess, 3).transpose([0, 3, 1, 2]) * 200 - 100
    known = labels.numpy() < 3
    found, truth = guess.numpy()[known], labels.numpy()[known]
    ious = [((found == k) & (truth == k)).sum() / ((found == k) | (truth == k)).sum() for k in range(3)]
    assert float(REGION_LOSSES["lovasz"](sure, shares(labels, 3))) == pytest.approx(1 - np.mean(ious), abs=1e-5)


@pytest.mark.parametrize("name", REGION_LOSSES)
def test_the_truth_costs_nothing_and_gradients_lead_there(name, logits, labels):
    target = shares(labels, 3)
    assert float(REGION_LOSSES[name](target * 60 - 30, target)) == pytest.approx(0, abs=1e-3)
    logits.stop_gradient = False
    before = REGION_LOSSES[name](logits, target)
    before.backward()
    after = REGION_LOSSES[name](logits - 0.1 * logits.grad / logits.grad.abs().max(), target)
    assert float(after) < float(before)
    assert not logits.grad[:, :, 0].numpy().any()  # of what is unknown
