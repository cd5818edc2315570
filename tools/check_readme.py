#!/usr/bin/env python3
"""Runs the commands that README.md shows.

usage: check_readme.py README BINARY_FOLDER [--timeout SECONDS]

A ```sh block right after a line `<!-- run -->` is run by bash (-e -u -o pipefail) in the README's folder, with
BINARY_FOLDER first on PATH. A ```text block right after a line `<!-- output -->` is what the block before it must print
on stdout: line by line, where `...` inside a line stands for anything in it, and a line `...` for any lines.
One line on stdout for each block; exit code 1 if a block fails or if none is marked to be run.
"""
import argparse
import os
import re
import subprocess
import sys
from pathlib import Path

BLOCK = re.compile(r"^<!-- (run|output) -->\n```(\w+)\n(.*?)^```$", re.M | re.S)


def blocks(text):
    """-> [(line, commands, expected output or None)]; raises ValueError for marks that lead nowhere."""
    found, marks = [], len(re.findall(r"^<!-- (?:run|output) -->$", text, re.M))
    matches = list(BLOCK.finditer(text))
    if len(matches) != marks:
        raise ValueError(f"{marks} marks, but {len(matches)} are followed by a closed block")
    for match in matches:
        line = text.count("\n", 0, match.start()) + 2
        kind, language, body = match.groups()
        if (kind, language) == ("run", "sh"):
            found.append([line, body, None])
        elif (kind, language) == ("output", "text") and found and found[-1][2] is None:
            found[-1][2] = body
        else:
            raise ValueError(f"line {line}: `{kind}` before a block of `{language}`, or an output without its commands")
    return found


def matches(expected, printed):
    pattern = ""
    for line in expected.splitlines():
        if line.strip() == "...":
            pattern += r"(?:[^\n]*\n)*"
        else:
            pattern += "[^\n]*".join(re.escape(part) for part in line.rstrip().split("...")) + r"[ \t]*\n"
    if printed and not printed.endswith("\n"):
        printed += "\n"
    return re.fullmatch(pattern, printed) is not None


def run(folder, binaries, commands, expected, timeout):
    """-> why the block failed, or None."""
    environment = dict(os.environ, PATH=f"{binaries}:{os.environ.get('PATH', '')}")
    try:
        result = subprocess.run(["bash", "-euo", "pipefail", "-c", commands], cwd=folder, env=environment, text=True,
                                stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout)
    except subprocess.TimeoutExpired:
        return f"still running after {timeout} s"
    if result.returncode != 0:
        return f"exit code {result.returncode}\n{result.stdout}{result.stderr}"
    if expected is not None and not matches(expected, result.stdout):
        return f"printed\n{result.stdout}instead of\n{expected}"
    return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("readme", type=Path)
    parser.add_argument("binaries", type=Path)
    parser.add_argument("--timeout", type=int, default=300)
    arguments = parser.parse_args()
    try:
        found = blocks(arguments.readme.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        print(f"{arguments.readme}: {error}")
        return 1
    failed = 0
    for line, commands, expected in found:
        why = run(arguments.readme.resolve().parent, arguments.binaries.resolve(), commands, expected, arguments.timeout)
        print(f"{arguments.readme}:{line}: " + ("ok" if why is None else f"FAILED: {why}"))
        failed += why is not None
    print(f"check_readme: {len(found)} blocks, {failed} failed")
    return 1 if failed or not found else 0


if __name__ == "__main__":
    sys.exit(main())
