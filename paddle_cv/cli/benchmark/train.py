"""Seconds of a training step beside plain dygraph and PyTorch channels-last."""

import argparse
import os

import paddle

import paddle_cv as pcv

from .measuring import least_seconds, print_table, torch_twin

__all__ = ["add_arguments", "run"]


def add_arguments(command: argparse.ArgumentParser) -> None:
    names = ["rdn_lite_x4", "srcnn_915_x2", "resnet18"]
    command.add_argument("--names", nargs="+", default=names, help="networks (%(default)s)")
    command.add_argument("--repeats", type=int, default=3, help="runs of each row; the least counts (%(default)s)")
    command.add_argument("--batch_size", type=int, default=8, help="(%(default)s)")
    command.add_argument(
        "--patch", type=int, help="side of the low-resolution patches (32) or of a classifier's pictures"
    )


def run(arguments: argparse.Namespace) -> None:
    from paddle_cv.training.cpu import compile_for_cpu
    from paddle_cv.training.tasks.registry import task_class

    for name in arguments.names:
        spec = pcv.model_spec(name)
        x, y, loss, size = task_class(spec.task).random_batch(spec, arguments.batch_size, arguments.patch)
        inputs, target = paddle.to_tensor(x), paddle.to_tensor(y)

        def step_of(network, forward, loss=loss, inputs=inputs, target=target):
            network.train()
            optimizer = paddle.optimizer.Adam(1e-4, parameters=network.parameters())

            def step():
                value = getattr(paddle.nn.functional, loss)(forward(inputs), target)
                value.backward()
                optimizer.step()
                optimizer.clear_grad()
                return float(value)

            return step

        plain, own = pcv.create_model(name), pcv.create_model(name)
        own.set_state_dict(plain.state_dict())
        calls = {"dygraph": step_of(plain, plain)}
        try:
            calls["paddle_cv"] = step_of(own, compile_for_cpu(own))
        except ValueError as error:
            print(f"paddle_cv trains {name} in dygraph: {error}")
        twin = torch_twin(plain, spec)
        if twin is not None:
            from tools.maintain.torch_twins import torch_step

            plain.train()  # torch_twin has compared the outputs
            calls["PyTorch channels-last"] = torch_step(twin, x, y, loss, int(os.environ["OMP_NUM_THREADS"]))
        losses = {row: call() for row, call in calls.items()}  # of the same weights, before the first update
        assert all(abs(value - losses["dygraph"]) < 1e-3 * abs(losses["dygraph"]) for value in losses.values()), losses
        seconds = least_seconds(calls, arguments.repeats)
        print(f"{name}, {size}, {os.environ['OMP_NUM_THREADS']} threads\n")
        print_table(seconds, "s/step", 1, "dygraph")
        print("Steps per second:", ", ".join(f"{row} {1 / wall:.2f}" for row, (wall, _) in seconds.items()) + "\n")
