#!/usr/bin/env python3
"""Runs clang-tidy on all sources below src/ that a build knows.

usage: run_tidy.py BUILD_FOLDER [-j JOBS] [--timings] [FILE ...]

BUILD_FOLDER holds compile_commands.json. Warnings go to stdout, then the counts; exit code 1 if a file has one.
"""
import argparse
import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def tidy(build, file):
    start = time.monotonic()
    result = subprocess.run(["clang-tidy", "-p", str(build), "--quiet", str(file)], text=True, capture_output=True, cwd=ROOT)
    text = result.stdout + (result.stderr if result.returncode != 0 and not result.stdout else "")
    return file, result.returncode, text, time.monotonic() - start


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build", type=Path)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("-j", "--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--timings", action="store_true")
    arguments = parser.parse_intermixed_args()
    commands = json.loads((arguments.build / "compile_commands.json").read_text())
    known = sorted({Path(c["directory"], c["file"]).resolve() for c in commands})
    wanted = {f.resolve() for f in arguments.files}
    files = [f for f in known if (f in wanted if wanted else f.is_relative_to(ROOT / "src"))]
    if not files:
        print("run_tidy: no files: is the build configured?")
        return 1
    failed = 0
    with ThreadPoolExecutor(arguments.jobs) as pool:
        for file, code, text, seconds in pool.map(lambda f: tidy(arguments.build, f), files):
            if arguments.timings:
                print(f"{seconds:6.1f} s  {file.relative_to(ROOT)}")
            if code != 0:
                failed += 1
                print(text)
    print(f"run_tidy: {len(files)} files, {failed} with warnings")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
