"""The cost table against the golden fixtures, which count at the same standard sizes."""

import pytest

from paddle_cv.analysis import cost_table, format_cost_table
from paddle_cv.models import model_spec

from .. import golden


@pytest.mark.parametrize(
    "name", ["rdn_a_x2", "rdn_b_x3", "lapsrn_x4", "dbpn_ll_x8", "srfeat_x4", "scn_x2", "enhancenet_x4"]
)
def test_totals_equal_the_reference(name):
    fixture = golden.load(model_spec(name).reference)
    table = cost_table(name)
    assert table.parameters == fixture["parameters"]
    assert table.macs == fixture["macs"]["value"]
    assert table.macs_per_output == fixture["macs"].get("value_deconv_at_output", table.macs)


def test_shared_and_fixed_numbers():
    fixture = golden.load("ddbpn_edsr_x2")
    table = cost_table("ddbpn_edsr_x2")
    assert (table.parameters, table.fixed) == (fixture["parameters"], fixture["frozen_parameters"])


def test_an_enlarged_input_is_as_large_as_the_output():
    assert cost_table("cnf_x4").input_shape == (1, 1, 720, 1280)
    assert cost_table("rdn_lite_x3", width=640, height=361).input_shape == (1, 3, 120, 213)


def test_text_has_every_layer_and_the_totals():
    table = cost_table("lapsrn_x2", width=64, height=48)
    lines = format_cost_table(table).splitlines()
    assert lines[0] == "lapsrn_x2, input 1x1x24x32"
    assert [line.split()[0] for line in lines[3:-1]] == [layer.name for layer in table.layers]
    assert lines[-1].split() == ["total", "407,441", f"{table.macs:,}", f"{table.macs_per_output:,}"]
    assert "per output pixel" not in format_cost_table(cost_table("rdn_lite_x2", width=64, height=48))


def test_a_picture_without_pixels_is_refused():
    with pytest.raises(ValueError, match="2x3 pixels are too few"):
        cost_table("rdn_lite_x4", width=2, height=3)
