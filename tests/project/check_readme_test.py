#!/usr/bin/env python3
"""tools/check_readme.py on small READMEs."""
import unittest

from tree import run_tool, tree

RUN, OUTPUT = "<!-- run -->\n```sh\n{}\n```\n", "<!-- output -->\n```text\n{}\n```\n"


class CheckReadme(unittest.TestCase):
    def check(self, text, *options):
        tool = "#!/bin/sh\necho tool 1.25 \"$@\"\n"
        with tree({"README.md": text, "build/tool": tool}) as root:
            (root / "build/tool").chmod(0o755)
            return run_tool("check_readme.py", root / "README.md", root / "build", *options)

    def passes(self, text, blocks):
        code, out = self.check(text)
        self.assertEqual(code, 0, out)
        self.assertTrue(out.endswith(f"check_readme: {blocks} blocks, 0 failed\n"), out)

    def refuses(self, text, words, *options):
        code, out = self.check(text, *options)
        self.assertEqual(code, 1, out)
        self.assertIn(words, out)

    def test_runs_marked_blocks_with_the_binary_in_the_readmes_folder(self):
        self.passes("a\n```sh\nfalse\n```\n" + RUN.format("tool x\n[ -f README.md ]") + "b\n" + RUN.format("true"), 2)

    def test_compares_output(self):
        self.passes(RUN.format("tool x") + "prints\n" + OUTPUT.format("tool 1.25 x"), 1)
        self.passes(RUN.format("tool x; tool y; tool z") + OUTPUT.format("tool ... x\n...\ntool 1.25 ..."), 1)
        self.refuses(RUN.format("tool x") + OUTPUT.format("tool 1.26 x"), "instead of")
        self.refuses(RUN.format("tool x; tool y") + OUTPUT.format("tool 1.25 x"), "instead of")
        self.refuses(RUN.format("tool x") + OUTPUT.format("tool 1.25 x\nmore"), "instead of")
        self.refuses(RUN.format("tool x") + OUTPUT.format("tool 1.2. x"), "instead of")

    def test_failing_commands(self):
        self.refuses(RUN.format("true") + RUN.format("false\ntrue"), "README.md:6: FAILED: exit code 1")
        self.refuses(RUN.format("false | true"), "exit code 1")
        self.refuses(RUN.format("echo $nosuchvariable"), "exit code 1")
        self.refuses(RUN.format("sleep 30"), "still running after 1 s", "--timeout", "1")

    def test_marks_that_lead_nowhere(self):
        self.refuses("<!-- run -->\n\n```sh\ntrue\n```\n", "1 marks, but 0")
        self.refuses("<!-- run -->\n```text\ntrue\n```\n", "`run` before a block of `text`")
        self.refuses(OUTPUT.format("x"), "without its commands")
        self.refuses("<!-- run -->\n```sh\ntrue\n", "1 marks, but 0")

    def test_a_readme_without_commands_proves_nothing(self):
        self.refuses("text\n", "0 blocks")


if __name__ == "__main__":
    unittest.main()
