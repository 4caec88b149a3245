"""What the page says, in Chinese and English."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["LANGUAGES", "TEXTS", "Texts"]


@dataclass(frozen=True)
class Texts:
    """All texts of the page in one language; what stands in braces is filled in."""

    code: str
    about: str
    # the tabs
    digits: str
    # what networks do
    cleans_and_enlarges: str
    reads_digits: str
    # before and after
    picture: str
    samples: str
    network: str
    run: str
    download: str
    bicubic: str
    before: str
    hint: str
    done: str
    # digits
    draw: str
    digit: str
    seen: str
    # what a network finds
    label: str
    none_here: str
    fetch: str
    # what goes wrong
    error: str
    no_picture: str
    failed: str
    unreadable: str
    damaged: str
    too_large: str
    too_large_to_name: str
    no_weights: str


_ENGLISH = Texts(
    code="en",
    about="Classic CNNs and super-resolution networks for PaddlePaddle. "
    "Pictures go no further than the computer that runs this page.",
    digits="Digits",
    cleans_and_enlarges="Clean, then enlarge × {scale}",
    reads_digits="Read a digit",
    picture="Picture",
    samples="or try one of these",
    network="What to do, and by which network",
    run="Run",
    download="Download the result (PNG)",
    bicubic="bicubic",
    before="before",
    hint="Drag the line to compare. The wheel zooms, dragging then moves the picture.",
    done="{width} × {height} → {new_width} × {new_height} pixels",
    draw="Draw a digit, 0 to 9",
    digit="What the network reads",
    seen="What it sees: 28 × 28 pixels",
    label="What the network says",
    none_here="The weights of **{name}** are not on this computer. PaddlePaddle publishes them (trained on ImageNet); "
    "they are fetched once and kept.",
    fetch="Fetch the weights",
    error="Error",
    no_picture="Choose a picture first.",
    failed="This picture cannot be used",
    unreadable="{name}: this is no picture, or of a format that cannot be read",
    damaged="{error}",
    too_large="{name}: {width} × {height} pixels would become {new_width} × {new_height}. Results on this page have at most "
    "{limit:g} megapixels; paddle-cv predict makes larger ones.",
    too_large_to_name="{name}: {width} × {height} pixels. Pictures to be named have at most {limit:g} megapixels on this page; "
    "paddle-cv predict takes larger ones.",
    no_weights="The weights of {name} cannot be used: {error}",
)

_CHINESE = Texts(
    code="zh",
    about="飞桨上的经典卷积网络与超分辨率网络。图片只到运行本页面的电脑为止。",
    digits="手写数字",
    cleans_and_enlarges="先去噪，再放大 {scale} 倍",
    reads_digits="识别数字",
    picture="图片",
    samples="或者试试这些",
    network="做什么，用哪个网络",
    run="运行",
    download="下载结果（PNG）",
    bicubic="双三次插值",
    before="处理前",
    hint="拖动分割线进行比较。滚轮缩放，放大后可拖动图片。",
    done="{width} × {height} → {new_width} × {new_height} 像素",
    draw="写一个数字（0 到 9）",
    digit="网络读出的数字",
    seen="网络看到的：28 × 28 像素",
    label="网络的判断",
    none_here="**{name}** 的权重不在这台电脑上。飞桨公布了它们（在 ImageNet 上训练）；只需下载一次，之后保存在本机。",
    fetch="下载权重",
    error="出错",
    no_picture="请先选择一张图片。",
    failed="这张图片无法使用",
    unreadable="{name}：不是图片，或者格式无法读取",
    damaged="文件已损坏，或者类型不受支持（{error}）",
    too_large="{name}：{width} × {height} 像素将变为 {new_width} × {new_height} 像素。本页面的结果最多 {limit:g} 百万像素，"
    "更大的图片请用 paddle-cv predict。",
    too_large_to_name="{name}：{width} × {height} 像素。本页面识别的图片最多 {limit:g} 百万像素，"
    "更大的图片请用 paddle-cv predict。",
    no_weights="{name} 的权重无法使用：{error}",
)

TEXTS = {texts.code: texts for texts in (_CHINESE, _ENGLISH)}
#: Codes of the languages, and how each calls itself.
LANGUAGES = {"zh": "中文", "en": "English"}
