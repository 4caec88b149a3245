"""Cuts the pictures of a folder into overlapping sub-images: `paddle-cv prepare-data photos photos_cut --size 480`.

The folders below it are kept. Each picture gives NAME_s001.png, NAME_s002.png ..., row by row; a side that is shorter than
--size is left whole. Pictures that cannot be read are listed at the end, and the exit code is 1; the others are done all the same.
"""

import argparse
import sys

from tqdm import tqdm

from paddle_cv.data import cut_folder


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", help="folder of pictures; the folders below it are searched too")
    parser.add_argument("output", help="folder for the PNG files")
    parser.add_argument("--size", type=int, default=480, help="side of the sub-images in pixels (%(default)s)")
    parser.add_argument("--step", type=int, default=240, help="from one to the next, in pixels (%(default)s)")
    parser.add_argument(
        "--min_rest",
        type=int,
        default=1,
        metavar="PIXELS",
        help="what is left at the right and at the bottom gets one more sub-image, flush with the edge, if it has as many "
        "pixels (%(default)s)",
    )
    parser.add_argument("--processes", type=int, help="how many work at the same time (one for each core)")
    parser.add_argument("--overwrite", action="store_true", help="replace files that exist")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    arguments = parser.parse_args()
    try:
        pictures, results = cut_folder(
            arguments.source,
            arguments.output,
            arguments.size,
            arguments.step,
            arguments.min_rest,
            arguments.overwrite,
            arguments.processes,
        )
    except (FileNotFoundError, ValueError) as error:
        parser.error(str(error))
    written, failed = 0, []
    for result in tqdm(results, total=len(pictures), unit="picture", disable=arguments.quiet, dynamic_ncols=True):
        if isinstance(result, Exception):
            failed.append(result)
        else:
            written += result
    print(f"{written} sub-images of {len(pictures) - len(failed)} pictures in {arguments.output}")
    for error in failed:
        print(f"failed: {error}", file=sys.stderr)
    if any(isinstance(error, FileExistsError) for error in failed):
        print("--overwrite replaces files that exist", file=sys.stderr)
    return 1 if failed else 0
