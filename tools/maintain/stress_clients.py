"""Many clients at once, each with pictures of its own."""

import contextlib
import http.client
import os
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from stress_server import HOST, PATIENCE, Example, server, status_mib

from paddle_cv.hub.server import installed_module

__all__ = ["clients"]


def clients(arguments):
    """Each client sends its picture again and again, to one module after the other."""
    predictors = {name: installed_module(name)().predictor() for name in arguments.names}
    examples = [
        [Example(name, predictor, seed) for name, predictor in predictors.items()] for seed in range(arguments.clients)
    ]
    for column in zip(*examples):  # else a reply to somebody else would not be seen
        assert not any(np.array_equal(a.expected, b.expected) for a in column for b in column if a is not b)
    counts, seconds, lock = Counter(), [], threading.Lock()

    def client(number, port, until):
        connection = http.client.HTTPConnection(HOST, port, timeout=PATIENCE)
        turn = number
        while time.monotonic() < until:
            example = examples[number][turn % len(predictors)]
            started = time.monotonic()
            try:
                connection.request("POST", example.path, example.body, {"Content-Type": "application/json"})
                reply = connection.getresponse()
                content = reply.read()
            except (OSError, http.client.HTTPException) as error:
                print(f"client {number}: {error!r}", file=sys.stderr)
                outcome = "lost"
                connection.close()
            else:
                if reply.status == 503:
                    outcome = "told to come again"
                    connection.close()  # the server does not keep it for so long
                    time.sleep(min(float(reply.headers["Retry-After"]), max(until - time.monotonic(), 0)))
                else:
                    outcome = "right" if reply.status == 200 and example.agrees(content) else "wrong"
                    turn += 1
            with lock:
                counts[outcome] += 1
                if outcome == "right":
                    seconds.append(time.monotonic() - started)

    cores = sorted(os.sched_getaffinity(0))
    with contextlib.ExitStack() as stack:
        started = [
            stack.enter_context(
                server(arguments.names, "--queue", arguments.queue, cores=cores[n :: arguments.servers])
            )
            for n in range(arguments.servers)
        ]
        pool = stack.enter_context(ThreadPoolExecutor(arguments.clients))
        until = time.monotonic() + arguments.seconds
        jobs = [pool.submit(client, n, started[n % len(started)][0], until) for n in range(arguments.clients)]
        for job in jobs:
            job.result()
        memory = sum(status_mib(pid, "VmHWM") for _, pid in started)
    processes = "1 process" if arguments.servers == 1 else f"{arguments.servers} processes"
    print(
        f"{processes}, {arguments.clients} clients, {arguments.seconds:g} s, {' and '.join(arguments.names)}: "
        f"{sum(counts.values())} requests, {counts['right']} answered, {counts['told to come again']} told to come again (503), "
        f"{counts['lost']} lost, {counts['wrong']} wrong or mixed up"
    )
    if seconds:
        half, most, nearly, longest = np.percentile(seconds, [50, 95, 99, 100])
        print(f"seconds for an answer: {half:.2f} median, {most:.2f} 95 %, {nearly:.2f} 99 %, {longest:.2f} longest")
    print(f"peak memory: {memory:.0f} MiB; {counts['right'] / arguments.seconds:.1f} answers a second")
    return 1 if counts["lost"] or counts["wrong"] or not seconds else 0
