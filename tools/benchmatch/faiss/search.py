"""A peer of benchmatch: FAISS's IndexFlatIP. See peer.go for the protocol."""

import ctypes
import json
import os
import sys
import time

# Without it OpenMP's threads spin in the way of OpenBLAS's.
os.environ["OMP_WAIT_POLICY"] = "passive"

import faiss  # noqa: E402
import numpy  # noqa: E402

folder, _, dims, k, _ = sys.argv[1:]
dims, k = int(dims), int(k)


def blas():
    """The libraries that the process multiplies matrices with."""
    with open("/proc/self/maps") as maps:
        return sorted({line.split()[-1] for line in maps if "blas" in line})


def set_threads(n):
    faiss.omp_set_num_threads(n)
    for path in blas():
        library = ctypes.CDLL(path)
        if hasattr(library, "openblas_set_num_threads"):
            library.openblas_set_num_threads(n)


def load(name):
    return numpy.fromfile(f"{folder}/{name}.f32", dtype="float32").reshape(-1, dims)


def answer(threads, first, calls, batch):
    set_threads(threads)
    ids = []
    cpu, wall = time.process_time_ns(), time.perf_counter_ns()
    for i in range(calls):
        at = (first + i * batch) % len(probes)
        ids.append(index.search(probes[at : at + batch], k)[1])
    cpu, wall = time.process_time_ns() - cpu, time.perf_counter_ns() - wall
    return {"cpu": cpu, "wall": wall, "ids": numpy.concatenate(ids).ravel().tolist()}


probes = load("probes")
index = faiss.IndexFlatIP(dims)
index.add(load("rows"))
kind = "OpenBLAS" if any("openblas" in path for path in blas()) else "reference BLAS"
note = f"Debian's {faiss.__version__}: an unvectorised build, {kind}"
print(json.dumps({"note": note}), flush=True)
for line in sys.stdin:
    print(json.dumps(answer(**json.loads(line))), flush=True)
