#!/usr/bin/env python3
"""tools/count_tests.py on results as ctest writes them."""
import unittest

from tree import run_tool, tree

PASS = '<testcase name="p" status="run"><system-out>[   COUNT  ] 10 of 1000\n[   COUNT  ] 5 of 500</system-out></testcase>'
FAIL = '<testcase name="f" status="fail"><failure message=""/><system-out>x</system-out></testcase>'
SKIP = '<testcase name="s" status="notrun"><skipped message="SKIP_REGULAR_EXPRESSION_MATCHED"/></testcase>'
NOT_BUILT = '<testcase name="n" status="notrun"><skipped message="Unable to find executable"/></testcase>'
DISABLED = '<testcase name="d" status="disabled"><system-out>Disabled</system-out></testcase>'


class CountTests(unittest.TestCase):
    def count(self, *cases, options=()):
        with tree({"r.xml": "<testsuite>" + "".join(cases) + "</testsuite>"}) as root:
            code, out = run_tool("count_tests.py", root / "r.xml", *options)
        self.assertEqual(code, 0)
        return out

    def test_sums(self):
        out = self.count(PASS, PASS.replace('"p"', '"q"'), FAIL, SKIP, DISABLED)
        self.assertTrue(out.endswith("\n2 1 2\n"), out)
        self.assertIn("failed: f\n", out)
        self.assertIn("skipped: s\n", out)
        self.assertIn("counts: 30 of 3000 cases in 4 property tests", out)

    def test_what_could_not_run_failed(self):
        self.assertTrue(self.count(PASS, NOT_BUILT).endswith("did not run: n\ncounts: 15 of 1500 cases in 2 property tests\n1 1 0\n"))

    def test_strict(self):
        self.assertTrue(self.count(PASS, SKIP, DISABLED, options=["--strict"]).endswith("\n1 2 0\n"))

    def test_nothing(self):
        self.assertEqual(self.count(), "no test was found\n0 1 0\n")
        with tree({"r.xml": "<testsuite><testcase"}) as root:
            for file in ("r.xml", "absent.xml"):
                code, out = run_tool("count_tests.py", root / file)
                self.assertEqual(code, 1)
                self.assertTrue(out.endswith("\n0 1 0\n"), out)


if __name__ == "__main__":
    unittest.main()
