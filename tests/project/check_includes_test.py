#!/usr/bin/env python3
"""tools/check_includes.py on small trees with planted violations."""
import unittest

from tree import run_tool, tree


def source(*includes, text=""):
    return "".join(f'#include "{name}"\n' for name in includes) + text + "\n"


def header(*includes, text=""):
    return "#pragma once\n" + source(*includes, text=text)


GOOD = {
    "src/support/a.h": header(text='// printf( in a comment\nconst char* s = "printf(std::cout";\nint n = 1\'000\'000;'),
    "src/model/number/n.h": header("support/a.h"),
    "src/model/onnx/o.cpp": source("model/number/n.h", "onnx.pb.h"),
    "src/model/quantize/q.h": header("model/number/n.h"),
    "src/hardware/h.h": header("support/a.h"),
    "src/schedule/s.h": header("support/a.h"),
    "src/explore/workload/w.h": header("model/number/n.h", "hardware/h.h"),
    "src/explore/search/r.h": header("explore/workload/w.h", "schedule/s.h"),
    "src/explore/explore.h": header("explore/search/r.h", "millrace/version.h"),
    "src/explore/search/r.cpp": source("explore/explore.h", text="void f(App& a) { std::snprintf(b, 1, c); a.exit(); }"),
    "src/targets/barvinn/format/f.h": header("model/number/n.h"),
    "src/targets/barvinn/generate/g.h": header("targets/barvinn/format/f.h", "explore/explore.h"),
    "src/targets/barvinn/assemble/a.h": header("targets/barvinn/generate/g.h"),
    "src/targets/barvinn/simulate/s.h": header("targets/barvinn/format/f.h"),
    "src/targets/dataflow/format/f.h": header(),
    "src/report/r.h": header("explore/explore.h"),
    "src/cli/main.cpp": source("report/r.h", text='int main() { std::printf("x"); std::exit(1); }'),
}


class CheckIncludes(unittest.TestCase):
    def check(self, files):
        with tree({**GOOD, **files}) as root:
            return run_tool("check_includes.py", root)

    def refuses(self, files, *words):
        code, out = self.check(files)
        self.assertEqual(code, 1, out)
        self.assertIn("1 violations", out)
        for word in words:
            self.assertIn(word, out)

    def test_good_tree(self):
        code, out = self.check({})
        self.assertEqual((code, out), (0, f"check_includes: {len(GOOD)} files, 0 violations\n"))

    def test_upwards(self):
        self.refuses({"src/support/b.h": header("schedule/s.h")}, "src/support/b.h:2", "support comes before schedule")
        self.refuses({"src/schedule/t.cpp": source("explore/explore.h")}, "src/schedule/t.cpp:1", "schedule comes before")
        self.refuses({"src/report/t.cpp": source("cli/c.h"), "src/cli/c.h": header()}, "report comes before cli")

    def test_siblings(self):
        self.refuses({"src/hardware/b.h": header("model/number/n.h")}, "hardware and model do not know each other")
        self.refuses({"src/model/network/b.h": header("hardware/h.h")}, "model and hardware do not know each other")

    def test_rooms_of_a_module(self):
        self.refuses({"src/model/number/b.h": header("model/quantize/q.h")}, "model/number comes before model/quantize")
        self.refuses({"src/explore/workload/b.h": header("explore/search/r.h")}, "explore/workload comes before explore/search")
        self.refuses({"src/explore/tiling/b.cpp": source("explore/explore.h")}, "explore/tiling comes before", "front door")
        self.refuses({"src/model/nosuch/b.cpp": source("model/number/n.h")}, "no such room: model/nosuch")

    def test_targets(self):
        self.refuses({"src/targets/barvinn/simulate/b.cpp": source("targets/barvinn/generate/g.h")}, "a simulator shares only")
        self.refuses({"src/targets/barvinn/simulate/b.cpp": source("targets/barvinn/assemble/a.h")}, "a simulator shares only")
        self.refuses({"src/targets/barvinn/generate/b.cpp": source("targets/barvinn/simulate/s.h")}, "generate comes before")
        self.refuses({"src/targets/dataflow/place/b.cpp": source("targets/barvinn/format/f.h")}, "do not know each other")
        self.refuses({"src/targets/barvinn/format/b.cpp": source("targets/barvinn/generate/g.h")}, "format comes before generate")

    def test_unknown_places(self):
        self.refuses({"src/support/b.cpp": source("a.h")}, "no file src/a.h")
        self.refuses({"src/other/b.cpp": source("support/a.h")}, "other/b.cpp lies in no module")
        self.refuses({"src/schedule/b.cpp": source("onnx.pb.h")}, "no file src/onnx.pb.h")

    def test_circle(self):
        files = {"src/support/x.h": header("support/y.h"), "src/support/y.h": header("support/z.h"),
                 "src/support/z.h": header("support/x.h")}
        self.refuses(files, "src/support/x.h -> src/support/y.h -> src/support/z.h -> src/support/x.h")

    def test_pragma_once(self):
        self.refuses({"src/support/b.h": "int x;\n"}, "src/support/b.h:1", "#pragma once")
        self.refuses({"tests/b.h": "// #pragma once\nint x;\n"}, "tests/b.h:1")

    def test_only_the_command_line_talks(self):
        for text in ('printf("x");', 'std::fprintf(stderr, "x");', 'std::cout << 1;', 'std::cerr << 1;', 'fmt::print("x");',
                     "exit(1);", "std::exit(1);", "::abort();", "std::terminate();", 'puts("x");'):
            self.refuses({"src/report/b.cpp": f"void f() {{\n{text}\n}}\n"}, "src/report/b.cpp:2", "only src/cli may")
        self.refuses({"src/cli/b.cpp": "thread_local int x;\n"}, "hidden state")
        self.refuses({"src/support/b.cpp": "int x = rand();\n"}, "not reproducible")

    def test_lines_count_through_comments_and_raw_strings(self):
        text = '/* a\nb */ const char* s = R"x(\n"quote\nprintf(\n)x";\nvoid f() { abort(); }\n'
        self.refuses({"src/report/b.cpp": text}, "src/report/b.cpp:6")

    def test_no_tree(self):
        with tree({"README.md": ""}) as root:
            self.assertEqual(run_tool("check_includes.py", root)[0], 2)


if __name__ == "__main__":
    unittest.main()
