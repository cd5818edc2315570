#!/usr/bin/env python3
"""Compares the reference execution with ONNX Runtime on every network of ../shared/models.

usage: ort_test.py ORT_CASE SOURCE_DIR [--runs N] [NAME ...]

Exit code 77 (skipped, with the reason) without node, onnxruntime-node or the networks; 1 if an output differs by more
than 1e-4 of the largest value. Without MILLRACE_FULL=1, and without NAMEs, only the networks listed in SMALL.
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

LIMIT = 1e-4
SKIPPED = 77
SMALL = {"real/SimpleConv", "real/mnist", "real/resnet8_cifar10", "real/ultraface_rfb_320", "peers/2_conv",
         "shapes/resnet9_cifar", "shapes/squeezenet1_1"}

# Not ONNX: refused with that reason, by ONNX Runtime too.
REFUSED = {"peers/fsrcnn": "Conv of int8 is not supported"}


def skip(why):
    print(f"skipped: {why}")
    sys.exit(SKIPPED)


def compare(program, script, model, runs, refusal):
    """(line for people, is it good); `refusal`: why it must be refused, or None"""
    with tempfile.TemporaryDirectory() as folder:
        ours = subprocess.run([program, model, folder, str(runs), "2"], capture_output=True, text=True)
        if refusal is not None:
            return f"refused: {ours.stderr.strip()[-200:]}", ours.returncode == 3 and refusal in ours.stderr
        if ours.returncode != 0:
            return f"not executed: {ours.stderr.strip()[:300]}", False
        theirs = subprocess.run(["node", script, folder], capture_output=True, text=True)
        if theirs.returncode != 0:
            return f"ONNX Runtime does not execute it: {theirs.stderr.strip()[:300]}", False
        result = json.loads(theirs.stdout)
    apart = float(result["difference"].replace("Infinity", "inf"))
    return (f"difference {apart:.2e}, {result['millrace_ms']:.1f} ms, ONNX Runtime {result['ort_ms']:.1f} ms, 2 threads",
            apart <= LIMIT)


def main():
    arguments = sys.argv[1:]
    runs = 1
    if "--runs" in arguments:
        at = arguments.index("--runs")
        runs = int(arguments[at + 1])
        del arguments[at:at + 2]
    program, source, *names = arguments
    here = Path(__file__).parent
    shared = Path(os.environ.get("MILLRACE_SHARED") or Path(source) / ".." / "shared")
    if not (shared / "models").is_dir():
        skip("needs the folder ../shared beside the sources (networks)")
    if shutil.which("node") is None:
        skip("needs node")
    runtime = Path(os.environ.get("MILLRACE_ORT") or here)
    if not (runtime / "node_modules" / "onnxruntime-node").is_dir():
        skip(f"needs onnxruntime-node: npm install --ignore-scripts in {here}")
    full = os.environ.get("MILLRACE_FULL", "0") not in ("", "0")
    bad = 0
    for model in sorted((shared / "models").glob("*/*.onnx")):
        name = f"{model.parent.name}/{model.stem}"
        if names and not any(wanted in name for wanted in names):
            continue
        if not names and not full and name not in SMALL:
            continue
        line, good = compare(program, str(here / "compare.js"), str(model), runs, REFUSED.get(name))
        bad += not good
        print(f"{'ok ' if good else 'BAD'} {name}: {line}", flush=True)
    sys.exit(1 if bad else 0)


main()
