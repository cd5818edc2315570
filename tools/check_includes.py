#!/usr/bin/env python3
"""Holds the sources against the order of the modules: includes go one way, and only the command line talks.

usage: check_includes.py [ROOT]

One line on stdout for each violation, then the number of files and violations; exit code 1 if there is one.
"""
import re
import sys
from pathlib import Path

# A module may include the modules of earlier lines; modules of one line do not know each other.
MODULES = [["support"], ["model", "hardware"], ["schedule"], ["explore"], ["targets"], ["runtime"], ["report"], ["cli"]]
# Rooms of a module in the order in which they may include each other. Files outside of any room are the front door:
# they rank with the last room.
ROOMS = {
    "model": ["number", "network", "operators", "onnx", "arrays", "exec", "transform", "partition", "quantize"],
    "explore": ["workload", "mapping", "cost", "mapper", "tiling", "platform", "bounds", "fusion", "steady", "search"],
}
TARGETS = ["barvinn", "dataflow"]
TARGET_ROOMS = [["format"], ["generate", "place"], ["assemble"], ["simulate"]]
# A simulator must be able to prove its generator wrong: it shares the format with it and nothing else.
SIMULATOR_MAY_USE = ["format", "simulate"]

TOKEN = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(?P<delimiter>[^(\s]*)\(.*?\)(?P=delimiter)"|"(?:\\.|[^"\\\n])*"'
    r"|\b[0-9](?:'?[0-9A-Za-z.])*|'(?:\\.|[^'\\\n])+'", re.S)
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*"([^"]+)"', re.M)
FREE = r"(?<![\w.:>])(?:std::|::)?"
ONLY_IN_CLI = [
    (re.compile(FREE + r"(v?f?printf|puts|fputs|putchar|fputc|fwrite)\s*\("), "prints"),
    (re.compile(r"\b(std::(?:cout|cerr|clog)|fmt::v?print)\b"), "prints"),
    (re.compile(FREE + r"(exit|_Exit|_exit|quick_exit|abort|terminate)\s*\("), "ends the process"),
]
NOWHERE = [
    (re.compile(r"\b(thread_local)\b"), "hidden state"),
    (re.compile(r"\b(std::random_device)\b|" + FREE + r"(s?rand)\s*\("), "not reproducible: use support/rng.h"),
]


def code_only(text):
    """The text without comments and without the contents of literals; lines keep their numbers."""
    def blank(match):
        token = match.group(0)
        if token[0].isdigit():
            return token
        return ('""' if token[0] in "\"R'" else " ") + "\n" * token.count("\n")
    return TOKEN.sub(blank, text)


def without_comments(text):
    def blank(match):
        token = match.group(0)
        return "\n" * token.count("\n") + " " if token.startswith(("//", "/*")) else token
    return TOKEN.sub(blank, text)


def module_rank(module):
    return next((i for i, group in enumerate(MODULES) if module in group), None)


def parts_of(path):
    """src-relative path -> (module, room or None); for targets the room is 'barvinn/format'."""
    parts = path.split("/")
    if parts[0] == "targets":
        return "targets", "/".join(parts[1:3]) if len(parts) > 3 else "/".join(parts[1:-1]) or None
    return parts[0], parts[1] if parts[0] in ROOMS and len(parts) > 2 else None


def target_problem(user_room, used_room):
    if user_room is None or used_room is None:
        return None if user_room is None else f"{user_room} lies below the front door of targets"
    user, used = user_room.split("/"), used_room.split("/")
    if user[0] != used[0]:
        return f"targets {user[0]} and {used[0]} do not know each other"
    if len(user) < 2:
        return None
    if len(used) < 2:
        return f"{user_room} lies below the front door of {used[0]}"
    rank = {room: i for i, group in enumerate(TARGET_ROOMS) for room in group}
    for room in (user[1], used[1]):
        if room not in rank:
            return f"no such room: targets/{user[0]}/{room}"
    if user[1] == "simulate" and used[1] not in SIMULATOR_MAY_USE:
        return f"a simulator shares only `format` with its generator, not `{used[1]}`"
    if user[1] != used[1] and rank[used[1]] >= rank[user[1]]:
        return f"{user[1]} comes before {used[1]}"
    return None


def order_problem(user, used):
    """Why the file `user` may not include the file `used` (both relative to src/), or None."""
    (user_module, user_room), (used_module, used_room) = parts_of(user), parts_of(used)
    user_rank, used_rank = module_rank(user_module), module_rank(used_module)
    for path, rank in ((user, user_rank), (used, used_rank)):
        if rank is None:
            return f"{path} lies in no module"
    if user_module != used_module:
        if used_rank < user_rank:
            return None
        if used_rank == user_rank:
            return f"{user_module} and {used_module} do not know each other"
        return f"{user_module} comes before {used_module}"
    if user_module == "targets":
        return target_problem(user_room, used_room)
    rooms = ROOMS.get(user_module)
    if rooms is None:
        return None
    for room in (user_room, used_room):
        if room is not None and room not in rooms:
            return f"no such room: {user_module}/{room}"
    last = len(rooms) - 1
    index = lambda room: last if room is None else rooms.index(room)
    if index(used_room) > index(user_room):
        return f"{user_module}/{user_room} comes before {user_module}/{used_room or 'its front door'}"
    return None


def check_file(root, path, graph, problems):
    text = (root / path).read_text(encoding="utf-8", errors="replace")
    code = code_only(text)
    relative = path.relative_to("src").as_posix() if path.parts[0] == "src" else None
    if path.suffix == ".h" and not re.search(r"^#pragma once$", code, re.M):
        problems.append(f"{path}:1: a header without `#pragma once`")
    if relative is None:
        return
    graph[relative] = []
    readable = without_comments(text)
    for match in INCLUDE.finditer(readable):
        used, line = match.group(1), readable.count("\n", 0, match.start()) + 1
        if used.startswith("millrace/") or (used.endswith(".pb.h") and relative.startswith("model/onnx/")):
            continue
        if not (root / "src" / used).is_file():
            problems.append(f"{path}:{line}: no file src/{used}; includes are written from src/")
            continue
        graph[relative].append(used)
        problem = order_problem(relative, used)
        if problem:
            problems.append(f"{path}:{line}: must not include {used}: {problem}")
    rules = NOWHERE + ([] if relative.startswith("cli/") else ONLY_IN_CLI)
    for pattern, why in rules:
        for match in pattern.finditer(code):
            line = code.count("\n", 0, match.start()) + 1
            word = next(group for group in match.groups() if group)
            problems.append(f"{path}:{line}: `{word}` {why}" + ("; only src/cli may" if why in ("prints", "ends the process") else ""))


def check_cycles(graph, problems):
    done = set()

    def visit(file, way):
        if file in way:
            problems.append("src/" + " -> src/".join(way[way.index(file):] + [file]) + ": includes in a circle")
            return
        if file in done:
            return
        for used in graph.get(file, []):
            visit(used, way + [file])
        done.add(file)

    for file in sorted(graph):
        visit(file, [])


def main():
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent)
    if not (root / "src").is_dir():
        print(f"no folder src in {root}", file=sys.stderr)
        return 2
    problems, graph, files = [], {}, []
    for top in ("src", "include", "tests", "bench", "fuzz"):
        files += [f.relative_to(root) for f in sorted((root / top).rglob("*")) if f.suffix in (".h", ".cpp") and f.is_file()]
    for file in files:
        check_file(root, file, graph, problems)
    check_cycles(graph, problems)
    for problem in problems:
        print(problem)
    print(f"check_includes: {len(files)} files, {len(problems)} violations")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
