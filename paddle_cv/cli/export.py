"""Writes a network as a graph for other programs, checked against the network on three sizes before it is kept.

    paddle-cv export rdn_x4                              # rdn_x4.onnx, for pictures of any size
    paddle-cv export rdn_x4 --format paddle -o graph     # graph/model.json and graph/model.pdiparams
    paddle-cv export resnet50 --int8 photos              # in 8 bits, calibrated with the pictures of a folder

Inputs of the graph are input_0 (N, C, H, W), values as the network has them, and input_1 where it is told a noise level
or a degradation. docs/exports.md has what can be exported.
"""

import argparse
import sys

import paddle_cv as pcv
from paddle_cv.engines.export import FORMATS, ExportError, export_network
from paddle_cv.engines.graphs import OPSET


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", help="a name of paddle_cv.list_models()")
    parser.add_argument("--format", default="onnx", choices=FORMATS, help="(%(default)s)")
    parser.add_argument("--weights", metavar="FILE", help="weights instead of the shipped or published ones")
    parser.add_argument(
        "-o", "--output", help="the ONNX file, or the folder for Paddle's files (named like the network)"
    )
    parser.add_argument("--opset", type=int, default=OPSET, help="version of ONNX's operators (%(default)s)")
    parser.add_argument("--size", type=int, nargs=2, metavar=("HEIGHT", "WIDTH"), help="for pictures of this size only")
    parser.add_argument(
        "--int8",
        nargs="*",
        metavar="PICTURES",
        help="quantise: files and folders of pictures to calibrate with, the last of which is kept to compare the results "
        "with; without any, photographs of scikit-image",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace what is there")
    arguments = parser.parse_args()
    if arguments.int8 is not None and arguments.format != "onnx":
        parser.error("--int8 is for --format onnx")
    target = arguments.output or arguments.name + (".onnx" if arguments.format == "onnx" else "")
    try:
        network, spec = pcv.load_network(arguments.name, arguments.weights)
        options = {"opset": arguments.opset, "size": arguments.size, "overwrite": arguments.overwrite}
        if arguments.int8 is not None:
            from paddle_cv.inference.quantization import calibration_pictures, export_int8

            print(export_int8(network, spec, target, calibration_pictures(arguments.int8), **options))
            return 0
        exported = export_network(network, spec, target, arguments.format, **options)
    except (KeyError, ValueError) as error:
        parser.error(error.args[0])
    except FileNotFoundError as error:
        parser.error(str(error))
    except (ExportError, OSError) as error:
        print(f"failed: {error}", file=sys.stderr)
        return 1
    sizes = "any size" if exported.any_size else "{1} x {0} pixels".format(*exported.shapes[0][1:])
    opset = f", opset {arguments.opset}" if arguments.format == "onnx" else ""
    print(f"{exported.path}: pictures of {sizes}{opset}; differs from the network by {exported.difference:.1e} at most")
    return 0
