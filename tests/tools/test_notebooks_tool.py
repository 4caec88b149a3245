"""What the builder of the notebooks does with outputs, without running any."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("jupytext")
nbformat = pytest.importorskip("nbformat")
pytest.importorskip("nbclient")

from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output  # noqa: E402

from tools.maintain.notebooks import _cleaned, differences, translation  # noqa: E402


def notebook(printed: str, tolerance: float = 0.01):
    cell = new_code_cell("", id="a", outputs=[new_output("stream", name="stdout", text=printed)])
    cell.metadata["check"] = tolerance
    return new_notebook(cells=[cell])


def test_numbers_are_compared_with_tolerance():
    kept = notebook("psnr 30.00, 61,706 parameters, -2")
    assert not differences(notebook("psnr 30.10, 61,706 parameters, -2"), kept)
    for other in (
        "psnr 30.50, 61,706 parameters, -2",
        "psnr 30.00, 61,706 parameters",
        "psnr 30.00, 61,706 parameters, 2",
    ):
        assert differences(notebook(other), kept)
    assert "no numbers" in differences(notebook("nothing"), notebook("nothing"))[0]


def test_outputs_lose_what_is_of_one_run():
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 255, (1500, 800, 3), np.uint8))
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    png = base64.b64encode(buffer.getvalue()).decode()
    outputs = [
        new_output("stream", name="stdout", text="10 %\r20 %\rdone\n"),
        new_output("stream", name="stdout", text="in /home/x/runs\n"),
        new_output("display_data", {"image/png": png, "image/jpeg": "", "text/plain": "<Image at 0x7F01>"}),
        new_output("display_data", {"text/html": f'<img src="data:image/png;base64,{png}">'}),
    ]
    stream, shown, page = _cleaned(outputs, "/home/x")
    assert stream.text == "done\nin runs\n"
    assert shown.data["text/plain"] == "<Image>" and set(shown.data) == {"image/jpeg", "text/plain"}
    small = Image.open(io.BytesIO(base64.b64decode(shown.data["image/jpeg"])))
    assert small.height == 1000 and small.format == "JPEG"
    assert "data:image/jpeg;base64," in page.data["text/html"] and len(page.data["text/html"]) < len(png)


def test_lines_of_chinese_are_joined_and_nothing_else():
    text = "一行\n又一行\nRDN 网络：\n- 一\n- 二\n1. 三\n   四\n\n```python\nx  # 注释\n```\n\n末尾"
    cells = [new_markdown_cell(text, metadata={"lang": "zh"}), new_markdown_cell("a\nb", metadata={"lang": "en"})]
    both = new_notebook(cells=cells)
    [chinese] = translation(both, "zh").cells
    assert chinese.source == "一行又一行 RDN 网络：\n- 一\n- 二\n1. 三四\n\n```python\nx  # 注释\n```\n\n末尾"
    [english] = translation(both, "en").cells
    assert english.source == "a\nb" and both.cells[0].source == text
