#!/usr/bin/env python3
"""Holds the tree against the house rules on size and tidiness.

usage: check_sizes.py [ROOT]

No source over 800 lines without a line "Why this file is long:" among its first 20; README.md in 150 lines; a README.md
in every folder below src/ and in every folder at the top; no words that mark unfinished work. One line on stdout for
each violation, then the counts; exit code 1 if there is one.
"""
import re
import sys
from pathlib import Path

LONGEST = 800
LONGEST_README = 150
SOURCES = {".cpp", ".h", ".py", ".sh", ".cmake", ".proto"}
TOPS = ["src", "include", "tests", "bench", "fuzz", "tools", "scripts", "cmake", ".ci"]
FOLDERS_WITH_README = ["tests", "bench", "fuzz", "tools", "scripts", "docs", "cmake"]
# Written with a class of one letter so that this file does not find itself.
UNFINISHED = re.compile(r"\b(TO[D]O|FIX[M]E|X[X]X|H[A]CK)\b|\b(?i:not[ ]implemented)\b")


def is_source(path):
    return path.suffix in SOURCES or path.name == "CMakeLists.txt" or (path.suffix == "" and path.parts[0] in ("scripts", ".ci"))


def sources(root):
    for top in TOPS:
        for path in sorted((root / top).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts and is_source(path.relative_to(root)):
                yield path.relative_to(root)


def folders(root):
    """Folders that need a README.md: those below src/ that hold files, and the ones at the top."""
    for folder in sorted(p for p in (root / "src").rglob("*") if p.is_dir()):
        if any(f.is_file() for f in folder.rglob("*")):
            yield folder.relative_to(root)
    for name in FOLDERS_WITH_README:
        if (root / name).is_dir():
            yield Path(name)


def check_source(root, path, problems):
    lines = (root / path).read_text(encoding="utf-8", errors="replace").splitlines()
    if len(lines) > LONGEST and not any("Why this file is long:" in line for line in lines[:20]):
        problems.append(f"{path}:1: {len(lines)} lines, more than {LONGEST}, and no line \"Why this file is long:\" at its top")
    for number, line in enumerate(lines, 1):
        match = UNFINISHED.search(line)
        if match:
            problems.append(f"{path}:{number}: \"{match.group(0)}\" marks unfinished work")


def main():
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent)
    if not (root / "src").is_dir():
        print(f"no folder src in {root}", file=sys.stderr)
        return 2
    problems, files = [], list(sources(root))
    for path in files:
        check_source(root, path, problems)
    for folder in folders(root):
        if not (root / folder / "README.md").is_file():
            problems.append(f"{folder}: no README.md says what this folder is for")
    readme = root / "README.md"
    if not readme.is_file():
        problems.append("README.md is missing")
    elif len(readme.read_text(encoding="utf-8").splitlines()) > LONGEST_README:
        problems.append(f"README.md has more than {LONGEST_README} lines")
    for problem in problems:
        print(problem)
    print(f"check_sizes: {len(files)} files, {len(problems)} violations")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
