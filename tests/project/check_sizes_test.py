#!/usr/bin/env python3
"""tools/check_sizes.py on small trees with planted violations."""
import unittest

from tree import run_tool, tree

GOOD = {
    "README.md": "line\n" * 150,
    "src/support/README.md": "what this is for\n",
    "src/support/long.cpp": "// a\n" * 800,
    "src/support/reason.cpp": "// a\n" * 19 + "// Why this file is long: a table.\n" + "// a\n" * 900,
    "src/support/words.cpp": "// mktemp " + "X" * 6 + ", hacking, a to" + "do list, implemented\n",
    "tests/README.md": "tests\n",
}
MARKS = ["TO" + "DO", "FIX" + "ME", "X" + "XX", "HA" + "CK", "not " + "implemented", "Not " + "implemented"]


class CheckSizes(unittest.TestCase):
    def check(self, files):
        with tree({name: text for name, text in {**GOOD, **files}.items() if text is not None}) as root:
            return run_tool("check_sizes.py", root)

    def refuses(self, files, words):
        code, out = self.check(files)
        self.assertEqual(code, 1, out)
        self.assertIn("1 violations", out)
        self.assertIn(words, out)

    def test_good_tree(self):
        self.assertEqual(self.check({}), (0, "check_sizes: 3 files, 0 violations\n"))

    def test_long_source(self):
        self.refuses({"src/support/b.cpp": "// a\n" * 801}, "src/support/b.cpp:1: 801 lines")
        late = "// a\n" * 20 + "// Why this file is long: too late\n" + "// a\n" * 800
        self.refuses({"tests/b.h": late}, "tests/b.h:1: 821 lines")

    def test_long_readme(self):
        self.refuses({"README.md": "line\n" * 151}, "README.md has more than 150 lines")
        self.refuses({"README.md": None}, "README.md is missing")

    def test_folders_without_readme(self):
        self.refuses({"src/model/README.md": "a\n", "src/model/number/n.cpp": "\n"}, "src/model/number: no README.md")
        self.refuses({"src/model/number/README.md": "a\n", "src/model/number/n.cpp": "\n"}, "src/model: no README.md")
        self.refuses({"bench/b.cpp": "\n"}, "bench: no README.md")

    def test_marks_of_unfinished_work(self):
        for mark in MARKS:
            for file in ("src/support/b.cpp", "tests/b.py", "scripts/b", "cmake/b.cmake", "fuzz/CMakeLists.txt"):
                readme = {file.split("/")[0] + "/README.md": "a\n"}
                self.refuses({**readme, file: f"a\n# ({mark}: b)\n"}, f'{file}:2: "{mark}"')

    def test_no_tree(self):
        with tree({"README.md": ""}) as root:
            self.assertEqual(run_tool("check_sizes.py", root)[0], 2)


if __name__ == "__main__":
    unittest.main()
