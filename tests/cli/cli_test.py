#!/usr/bin/env python3
"""The program from outside: exit codes, messages, files, and what scripts rely on. Usage: cli_test.py MILLRACE SOURCE_DIR"""
import json
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

MILLRACE = pathlib.Path(sys.argv.pop(1)).resolve()
SOURCE = pathlib.Path(sys.argv.pop(1)).resolve()
MODEL = str(SOURCE / "models/resnet18.onnx")
LAYERS = str(SOURCE / "models/resnet18_layers.yaml")
CHIP = str(SOURCE / "hardware/tpu_like_quad_core.yaml")
CORE = str(SOURCE / "hardware/single_core.yaml")


def field(number, value):
    """One field of a Protobuf message: an integer, or bytes."""
    def varint(n):
        return bytes([n]) if n < 128 else bytes([n & 127 | 128]) + varint(n >> 7)
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


def small_model():
    """ONNX: y = tanh(x * w) for x [2, 3]; the file lacks the values of w [3]."""
    value = lambda name, *dims: field(1, name) + field(2, field(1, field(1, 1) + field(2, b"".join(
        field(1, field(1, dim)) for dim in dims))))
    node = lambda kind, inputs, output: field(1, b"".join(field(1, i) for i in inputs) + field(2, output) + field(4, kind))
    weight = field(5, field(1, 3) + field(2, 1) + field(8, "w"))
    graph = node("Mul", "xw", "m") + node("Tanh", "m", "y") + field(2, "g") + weight + field(11, value("x", 2, 3)) + \
        field(12, value("y", 2, 3))
    return field(1, 8) + field(7, graph) + field(8, field(1, "") + field(2, 13))


def run(*words):
    return subprocess.run([MILLRACE, *words], capture_output=True, text=True, timeout=120)


class Cli(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = pathlib.Path(self.folder.name)

    def tearDown(self):
        self.folder.cleanup()

    def write(self, name, text):
        path = self.path / name
        path.write_text(text)
        return str(path)

    def fails(self, code, *words, says=()):
        done = run(*words)
        self.assertEqual(done.returncode, code, done.stderr)
        for part in says:
            self.assertIn(part, done.stderr)
        self.assertNotIn("bug of ours", done.stderr)
        return done

    def test_help_and_version(self):
        self.assertIn("explore", run("--help").stdout)
        self.assertEqual(run("--version").stdout.split()[0], "millrace")
        for verb in ("explore", "cost", "demo"):
            done = run(verb, "--help")
            self.assertEqual(done.returncode, 0)
            self.assertIn("--hardware", done.stdout)

    def test_recorded_runs(self):
        job = (SOURCE / "fuzz/corpus/vectors/job.json").read_text()
        done = run("simulate", "--vectors", self.write("one.jsonl", job), "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads(done.stdout),
                         {"schema": "millrace.vectors/1", "jobs": 1, "equal": 1, "first_difference": None})
        done = run("simulate", "--vectors", self.write("other.jsonl", job.replace('"writes":7', '"writes":8')), "--json")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertEqual(json.loads(done.stdout)["equal"], 0)
        self.assertIn("writes", json.loads(done.stdout)["first_difference"]["what"])
        self.fails(2, "simulate", "--vectors", self.write("bad.jsonl", "{"), says=["bad.jsonl:1"])

    def test_wrong_use(self):
        self.fails(2)
        self.fails(2, "fly")
        self.fails(2, "explore", MODEL)
        self.fails(2, "explore", MODEL, "--hardware", CHIP, "--objective", "beauty")
        self.fails(2, "explore", MODEL, "--hardware", CHIP, "--compat", "nonsense", says=["nonsense"])

    def test_wrong_files(self):
        missing = str(self.path / "nothing.onnx")
        self.fails(2, "explore", missing, "--hardware", CHIP, says=[missing, "does not exist"])
        self.fails(2, "explore", str(self.path), "--hardware", CHIP, says=["folder"])
        self.fails(2, "explore", self.write("a.onnx", "not a network"), "--hardware", CHIP, says=["a.onnx"])
        self.fails(2, "explore", self.write("net.py", "x = 1"), "--hardware", CHIP, says=["YAML"])
        self.fails(2, "explore", self.write("net.tflite", "x"), "--hardware", CHIP, says=["net.tflite"])
        self.fails(2, "explore", MODEL, "--hardware", MODEL)
        self.fails(2, "explore", MODEL, "--hardware", LAYERS)

    def test_all_mistakes_of_a_chip_at_once_with_their_places(self):
        text = (SOURCE / "hardware/single_core.yaml").read_text()
        lines = text.splitlines()
        bad = self.write("chip.yaml", text + "\nunheard_of: 1\n")
        done = self.fails(2, "cost", LAYERS, "--hardware", bad, says=["unheard_of"])
        self.assertRegex(done.stderr, r"chip\.yaml:\d+:\d+: error")
        self.assertGreater(len(lines), 5)

    def test_both_models_wrong_and_chip_wrong_are_both_told(self):
        done = self.fails(2, "explore", "no.onnx", "--hardware", "no.yaml")
        self.assertIn("no.onnx", done.stderr)
        self.assertIn("no.yaml", done.stderr)

    def test_input_shape_errors(self):
        self.fails(2, "explore", MODEL, "--hardware", CHIP, "--input-shape", "input=1,x", says=["--input-shape"])
        self.fails(2, "explore", MODEL, "--hardware", CHIP, "--input-shape", "nobody=1,3,224,224", says=["nobody"])

    def test_infeasible_is_three_and_writes_nothing(self):
        small = (SOURCE / "hardware/tpu_like_quad_core.yaml").read_text().replace("2 MiB", "2 B").replace("128 KiB", "2 B")
        out = self.path / "out"
        done = self.fails(3, "explore", MODEL, "--hardware", self.write("small.yaml", small), "--out", str(out), says=["layer", "bits"])
        self.assertFalse(out.exists(), done.stderr)

    def test_explore_writes_what_it_promises(self):
        out = self.path / "a/b"
        done = run("explore", MODEL, "--hardware", CHIP, "--schedule", "layer-by-layer", "--out", str(out))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual({p.name for p in out.iterdir()}, {"result.json", "schedule.png", "memory.png", "trace.json", "mapping.yaml"})
        result = json.loads((out / "result.json").read_text())
        self.assertEqual(result["schema"], "millrace.explore/1")
        self.assertIs(result["verified"], True)
        for key in ("latency_cycles", "energy_pj", "edp", "tiles", "offchip_bits", "lower_bound", "layers", "cores", "links",
                    "memories", "host_operators", "evaluations", "wall_seconds"):
            self.assertIn(key, result)
        self.assertGreaterEqual(result["latency_cycles"], result["lower_bound"]["latency_cycles"])
        events = json.loads((out / "trace.json").read_text())
        self.assertTrue(events["traceEvents"] if isinstance(events, dict) else events)

    def test_json_alone_on_stdout_and_the_same_for_any_threads(self):
        results = []
        for threads in ("1", "2"):
            done = run("explore", MODEL, "--hardware", CHIP, "--json", "--threads", threads, "--seed", "7")
            self.assertEqual(done.returncode, 0)
            result = json.loads(done.stdout)
            result.pop("wall_seconds")
            results.append(result)
        self.assertEqual(*results)

    def test_same_bytes(self):
        for name in ("a", "b"):
            run("explore", LAYERS, "--hardware", CHIP, "--quiet", "--out", str(self.path / name))
        for file in ("schedule.png", "memory.png", "trace.json"):
            self.assertEqual((self.path / "a" / file).read_bytes(), (self.path / "b" / file).read_bytes(), file)

    FUSED = ("--schedule", "fused", "--tile", "default:OY=all")

    def test_fused_schedules(self):
        out = self.path / "fused"
        done = run("explore", MODEL, "--hardware", CHIP, *self.FUSED, "--stacks", "0-10;11-21", "--out", str(out), "--explain", "conv_8")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertLessEqual({"result.json", "schedule.png", "memory.png", "trace.json"}, {p.name for p in out.iterdir()})
        result = json.loads((out / "result.json").read_text())
        self.assertEqual((result["policy"], result["verified"]), ("fused", True))
        self.assertEqual(result["stacks"][0]["layers"], list(range(11)))
        self.assertEqual(len(result["stacks"]), 2 + 48 - 22)
        self.assertEqual(sum(stack["tiles"] for stack in result["stacks"]), result["tiles"])
        self.assertEqual(sum(stack["offchip_bits"] for stack in result["stacks"]), result["offchip_bits"])
        for core in result["cores"]:
            self.assertEqual(core["busy_cycles"] + sum(core["idle_cycles"].values()), result["latency_cycles"])
        for part in ("Time of the cores", "fused with layers 0-10", "idle: input", "peak on chip"):
            self.assertIn(part, done.stdout)
        tables = done.stdout.split("conv_8 (Conv): ")[0]
        self.assertLessEqual(max(map(len, tables.splitlines())), 120)

    def test_choices_of_fused_schedules(self):
        results = {}
        for words in (("--order", "depth-first"), ("--order", "breadth-first"), ("--order", "earliest-ready"), ("--halo", "again"),
                      ("--halo", "recompute"), ("--lookahead", "1"), ("--cut-after", "10,conv_42"), ("--tile", "conv_8:OY=4")):
            stacks = () if words[0] == "--cut-after" else ("--stacks", "0-10;11-21")
            done = run("explore", MODEL, "--hardware", CHIP, *self.FUSED, *stacks, *words, "--json")
            self.assertEqual(done.returncode, 0, done.stderr)
            result = json.loads(done.stdout)
            self.assertIs(result["verified"], True, words)
            results[words] = result
        self.assertEqual([stack["layers"][0] for stack in results["--cut-after", "10,conv_42"]["stacks"]], [0, 11, 22])
        names = {layer["name"]: layer["tiles"] for layer in results["--tile", "conv_8:OY=4"]["layers"]}
        others = {layer["name"]: layer["tiles"] for layer in results["--halo", "again"]["layers"]}
        self.assertLess(names["conv_8"], others["conv_8"])
        self.assertEqual(names["conv_12"], others["conv_12"])
        self.assertGreater(len({result["latency_cycles"] for result in results.values()}), 4)

    def test_wrong_choices_of_fused_schedules(self):
        wrong = lambda *words, says: self.fails(2, "explore", MODEL, "--hardware", CHIP, *self.FUSED, *words, says=says)
        wrong("--stacks", "0-99", says=["--stacks", "'99'", "0 to 47"])
        wrong("--stacks", "3-1", says=["--stacks", "backwards"])
        wrong("--stacks", "0-5;5-8", says=["conv_12", "twice"])
        wrong("--stacks", "nonsense", says=["'nonsense'"])
        wrong("--cut-after", "nobody", says=["--cut-after", "'nobody'"])
        wrong("--tile", "conv_3", says=["--tile", "LAYER:LOOP=PARTS"])
        wrong("--tile", "conv_3:OY=0", says=["OY=0"])
        wrong("--tile", "conv_3:QQ=4", says=["no loop QQ", "OY 112"])
        wrong("--tile", "nobody:OY=4", says=["'nobody'"])
        wrong("--order", "sideways", says=["--order", "sideways"])
        wrong("--halo", "half", says=["--halo", "half"])
        wrong("--lookahead", "-1", says=["--lookahead"])
        for words in (("--stacks", "0-3"), ("--order", "depth-first"), ("--tile", "conv_3:OY=4"), ("--lookahead", "2")):
            self.fails(2, "explore", MODEL, "--hardware", CHIP, *words, says=[words[0], "needs --schedule fused"])

    def test_fused_schedules_that_cannot_be(self):
        small = (SOURCE / "hardware/tpu_like_quad_core.yaml").read_text().replace("2 MiB", "2 B").replace("128 KiB", "2 B")
        out = self.path / "out"
        chip = self.write("small.yaml", small)
        done = self.fails(3, "explore", MODEL, "--hardware", chip, *self.FUSED, "--out", str(out), says=["layer", "infeasible"])
        self.assertFalse(out.exists(), done.stderr)
        self.fails(3, "demo", "--model", MODEL, "--hardware", chip, "--out", str(out), says=["layer", "infeasible"])
        self.assertFalse(out.exists())

    def again(self, *words):
        """Explores, gives mapping.yaml back without any other option, and compares what was found."""
        first, second = str(self.path / "first"), str(self.path / "second")
        for more in ((*words, "--out", first), ("--mapping", first + "/mapping.yaml", "--out", second)):
            done = run("explore", LAYERS, "--hardware", CHIP, "--quiet", *more)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
        texts = [(pathlib.Path(folder) / "mapping.yaml").read_text() for folder in (first, second)]
        self.assertEqual(*texts)
        results = [json.loads((pathlib.Path(folder) / "result.json").read_text()) for folder in (first, second)]
        for result in results:
            for effort in ("wall_seconds", "evaluations", "mappings_evaluated", "lower_bound", "gap"):
                result.pop(effort)
        self.assertEqual(*results)
        return texts[0], results[0]

    def test_what_was_found_given_back_is_the_same(self):
        mapping = self.write("given.yaml", "- name: default\n- name: Conv\n  core_allocation: [3, 1, 0]\n  inter_core_tiling: ['K, *']\n"
                             "  spatial_mapping: {D1: ['K, 16'], D2: ['C, 32']}\n")
        text, result = self.again("--mapping", mapping, "--prefetch", "--objective", "energy")
        self.assertEqual(result["policy"], "layer-by-layer")
        self.assertIn("- K, 16", text)
        text, result = self.again("--mapping", mapping, *self.FUSED, "--halo", "again", "--lookahead", "3", "--no-gaps")
        self.assertEqual(result["policy"], "fused")
        self.assertIn("halo: again", text)
        lines = (self.path / "first/order.csv").read_text().splitlines()
        order = self.write("mine.csv", "\n".join(lines) + "\n")
        text, result = self.again("--schedule", "fused", "--tile", "Conv:C@2", "--order", "breadth-first", "--no-multicast")
        self.assertIn("- C, 2", text)
        self.assertIn("multicast: false", text)
        text, result = self.again("--mapping", mapping, *self.FUSED, "--order-file", order)
        self.assertIn("order: order.csv", text)

    def test_fronts_of_schedules(self):
        out = self.path / "front"
        done = run("explore", LAYERS, "--hardware", CHIP, *self.FUSED, "--pareto", "--evaluations", "40", "--out", str(out))
        self.assertEqual(done.returncode, 0, done.stderr)
        front, result = (json.loads((out / name).read_text()) for name in ("front.json", "result.json"))
        self.assertEqual(front["schema"], "millrace.front/1")
        points = [tuple(point[key] for key in ("latency_cycles", "energy_pj", "peak_memory_bits")) for point in front["points"]]
        self.assertIn(tuple(result[key] for key in ("latency_cycles", "energy_pj", "peak_memory_bits")), points)
        for a in points:
            self.assertFalse([b for b in points if b != a and all(x <= y for x, y in zip(b, a))])
        self.assertTrue((out / "front.png").read_bytes().startswith(b"\x89PNG"))
        self.assertIn("Pareto front", done.stdout)
        self.fails(2, "explore", LAYERS, "--hardware", CHIP, "--schedule", "layer-by-layer", "--pareto", says=["--pareto", "needs --schedule fused"])

    def test_budgets(self):
        out = self.path / "out"
        explore = ("explore", LAYERS, "--hardware", CHIP, "--out", str(out))
        for schedule in ("layer-by-layer", "fused"):
            words = (*explore, "--schedule", schedule, "--quiet", "--budget")
            self.fails(3, *words, "memory=4KB", says=["--budget", "at most 4000 bytes" if schedule == "fused" else "more than 4000 B"])
            self.assertFalse(out.exists())
        bits = json.loads(run(*explore[:4], "--json").stdout)["peak_memory_bits"]
        self.fails(3, *explore, "--budget", f"memory={bits // 8 - 1}", says=[f"uses {bits // 8} B"])
        self.assertEqual(run(*explore, "--budget", f"memory={bits // 8}").returncode, 0)
        self.fails(3, *explore, "--budget", "area=12", says=["not known", "core 0", "rf_128B"])
        for text in ("", "speed=1", "memory", "memory=", "memory=1 MX", "memory=0", "memory=1e3", "area=-1", "area=nan", "area=1,area=2"):
            self.fails(2, *explore, "--budget", text, says=["--budget"])

    def test_what_is_said_beside_a_mapping_that_was_found(self):
        found = str(self.path / "a")
        self.assertEqual(run("explore", LAYERS, "--hardware", CHIP, *self.FUSED, "--halo", "again", "--quiet", "--out", found).returncode, 0)
        back = lambda *words: ("explore", LAYERS, "--hardware", CHIP, "--mapping", found + "/mapping.yaml", *words)
        text = lambda *words: (run(*back(*words, "--quiet", "--out", str(self.path / "b"))), (self.path / "b/mapping.yaml").read_text())[1]
        self.assertIn("halo: keep", text("--halo", "keep"))
        self.assertIn("order: breadth-first", text("--order", "breadth-first"))
        self.assertIn("kind: layer-by-layer", text("--schedule", "layer-by-layer"))
        self.assertIn("objective: energy", text("--objective", "energy"))
        self.fails(2, *back("--tile", "default:OY=4"), says=["mapping.yaml", "fixes the schedule"])
        self.fails(2, *back("--stacks", "0-3"), says=["mapping.yaml", "fixes the schedule"])
        self.fails(2, *back("--schedule", "layer-by-layer", "--halo", "keep"), says=["--halo", "needs --schedule fused"])
        (self.path / "a/mapping.yaml").write_text((self.path / "a/mapping.yaml").read_text().replace("order: ", "order: no"))
        self.fails(2, *back(), says=["a/no", "does not exist"])

    def test_infer(self):
        model = self.path / "small.onnx"
        model.write_bytes(small_model())
        words = ["infer", str(model), "--random-weights", "1", "--json"]
        one = run(*words, "--threads", "1", "--out", str(self.path / "a"))
        two = run(*words, "--threads", "2")
        self.assertEqual((one.returncode, two.returncode), (0, 0), one.stderr + two.stderr)
        first, second = json.loads(one.stdout), json.loads(two.stdout)
        self.assertGreaterEqual(first.pop("wall_seconds"), 0)
        second.pop("wall_seconds")
        self.assertEqual(first, second)
        self.assertEqual(first["schema"], "millrace.infer/1")
        self.assertEqual((first["random_constants"], first["random_inputs"]), (1, ["x"]))
        output = first["outputs"][0]
        self.assertEqual((output["name"], output["type"], output["shape"], output["not_finite"]), ("y", "float32", [2, 3], 0))
        self.assertEqual(len(output["values"]), 6)
        self.assertLess(output["min"], output["max"])
        # What was written is compared as the same, and of another input as different.
        again = json.loads(run(*words, "--compare", str(self.path / "a")).stdout)
        self.assertEqual([d["unequal"] for d in again["differences"]], [0])
        other = json.loads(run(*words, "--seed", "2", "--compare", str(self.path / "a")).stdout)
        self.assertEqual(other["differences"][0]["unequal"], 6)
        dumped = json.loads(run(*words, "--dump", "m", "--input", f"x={self.path}/a/y.npy").stdout)
        self.assertEqual(dumped["inputs"][0]["values"], output["values"])
        self.assertEqual(dumped["tensors"][0]["name"], "m")

    def test_wrong_uses_of_infer(self):
        model = self.path / "small.onnx"
        model.write_bytes(small_model())
        self.fails(2, "infer", str(model), says=["constant 'w' (float32[3])", "random"])
        self.fails(2, "infer", str(model), "--input", "nosuch=/nowhere.npy", says=["/nowhere.npy"])
        self.fails(2, "infer", str(model), "--random-weights", "1", "--dump", "nosuch", says=["no tensor 'nosuch'"])
        self.write("bad.npy", "text")
        self.fails(2, "infer", str(model), "--input", f"x={self.path}/bad.npy", says=["is no .npy file"])

    def test_operators(self):
        table = json.loads(run("ops", "--json").stdout)["operators"]
        conv = next(row for row in table if row["name"] == "Add")
        self.assertTrue(conv["imported"] and conv["executed"] and conv["costed"])
        self.assertEqual(run("ops", "--markdown").stdout, (SOURCE / "docs/operators.md").read_text())
        self.assertIn(f"{len(table)} operators", run("ops").stdout)

    def test_demo(self):
        words = ("demo", "--tile", "default:OY=all", "--stacks", "0-10;11-21")
        done = run(*words, "--out", str(self.path / "demo"))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertLessEqual(max(map(len, done.stdout.split("Written to")[0].splitlines())), 120)
        figures = json.loads((self.path / "demo/comparison.json").read_text())
        self.assertEqual(figures["schema"], "millrace.comparison/1")
        runs = {one["name"]: one for one in figures["runs"]}
        self.assertEqual(list(runs), ["layer-by-layer", "fused"])
        for name, one in runs.items():
            folder = self.path / "demo" / name
            for picture in ("schedule.png", "memory.png"):
                self.assertTrue((folder / picture).read_bytes().startswith(b"\x89PNG"))
            result = json.loads((folder / "result.json").read_text())
            self.assertEqual((result["policy"], result["verified"]), (name, True))
            for key in ("latency_cycles", "energy_pj", "edp", "offchip_bits", "tiles"):
                self.assertEqual(result[key], one[key])
            self.assertIn(f"{result['latency_cycles']:,}", done.stdout)
        ratio = runs["fused"]["latency_cycles"] / runs["layer-by-layer"]["latency_cycles"]
        self.assertIn(f"x{ratio:.3g}", done.stdout)
        printed = json.loads(run(*words, "--json", "--out", str(self.path / "json")).stdout)
        for one in printed["runs"] + figures["runs"]:
            one.pop("wall_seconds")
        self.assertEqual(printed, figures)

    def test_demo_of_other_files_and_wrong_ones(self):
        done = run("demo", "--model", LAYERS, "--tile", "default:OY=all", "--quiet", "--out", str(self.path / "demo"))
        self.assertEqual((done.returncode, done.stdout), (0, ""), done.stderr)
        self.fails(2, "demo", "--model", "nothing.onnx", "--out", str(self.path / "no"), says=["nothing.onnx"])
        self.fails(2, "demo", "--hardware", "nothing.yaml", "--out", str(self.path / "no"), says=["nothing.yaml"])
        self.fails(2, "demo", "--stacks", "0-99", "--out", str(self.path / "no"), says=["--stacks"])
        self.assertFalse((self.path / "no").exists())

    def test_demo_finds_its_files_beside_the_program_or_says_where_it_looked(self):
        prefix = self.path / "usr"
        (prefix / "bin").mkdir(parents=True)
        alone = prefix / "bin/millrace"
        shutil.copy(MILLRACE, alone)
        demo = [alone, "demo", "--tile", "default:OY=all", "--stacks", "0-10", "--quiet", "--out", str(self.path / "demo")]
        done = subprocess.run(demo, capture_output=True, text=True, timeout=120, cwd=self.path)
        self.assertEqual(done.returncode, 2)
        for part in ("models/resnet18.onnx", "working directory", "--model"):
            self.assertIn(part, done.stderr)
        for name in ("models", "hardware"):
            shutil.copytree(SOURCE / name, prefix / "share/millrace" / name)
        done = subprocess.run(demo, capture_output=True, text=True, timeout=120, cwd=self.path)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue((self.path / "demo/fused/schedule.png").exists())

    def test_cost(self):
        done = run("cost", MODEL, "--hardware", CORE, "--json", "--lpf_limit", "6", "--threads", "2")
        self.assertEqual(done.returncode, 0, done.stderr)
        result = json.loads(done.stdout)
        self.assertEqual(result["schema"], "millrace.cost/1")
        self.assertEqual(result["mapper"], "zigzag")
        self.assertEqual(len(result["layers"]), 21)
        self.assertEqual(len(result["other_layers"]), 27)
        self.assertEqual(sum(layer["macs"] for layer in result["layers"]), 1814073344)
        self.assertAlmostEqual(result["energy_pj"], sum(layer["energy_pj"] for layer in result["layers"]), delta=1)

    def test_fixes(self):
        cost = lambda *words: json.loads(run("cost", *words, MODEL, "--hardware", CORE, "--json").stdout)
        plain, fixed = cost(), cost("--fix", "all")
        self.assertEqual(plain["corrections"], [])
        self.assertEqual(len(fixed["corrections"]), 7)
        self.assertNotEqual((plain["energy_pj"], plain["latency_cycles"]), (fixed["energy_pj"], fixed["latency_cycles"]))
        some = cost("--fix", "halo,readback", "--fix", "ragged")
        self.assertEqual(some["corrections"], ["readback", "ragged", "halo"])
        self.fails(2, "cost", MODEL, "--hardware", CORE, "--fix", "halo,everything", says=["everything", "readback"])

    def test_cost_of_searched_unrollings(self):
        core = self.write("core.yaml", pathlib.Path(CORE).read_text().split("dataflows:")[0].replace("size: 4 B", "size: 64 B"))
        evaluations = []
        for words in (["--spatial-candidates", "1"], [], ["--spatial", "mixed", "--data-locality"]):
            done = run("cost", MODEL, "--hardware", core, "--json", "--lpf-limit", "4", *words)
            self.assertEqual(done.returncode, 0, done.stderr)
            result = json.loads(done.stdout)
            evaluations.append(result["evaluations"])
        self.assertLess(evaluations[0], evaluations[1])
        self.assertTrue(any(layer["spatial_mapping"].split(" | ")[0].count(",") for layer in result["layers"]), result)
        self.fails(2, "cost", MODEL, "--hardware", CORE, "--spatial", "sideways", says=["sideways"])
        self.fails(2, "cost", MODEL, "--hardware", CORE, "--spatial-candidates", "0")

    def test_exact_mapper(self):
        cost = lambda *words: json.loads(run("cost", MODEL, "--hardware", CORE, "--json", *words).stdout)
        for objective in ("latency", "energy"):
            zigzag, exact = cost("--objective", objective), cost("--objective", objective, "--mapper", "exact", "--time-limit", "3")
            self.assertEqual(exact["mapper"], "exact")
            for before, after in zip(zigzag["layers"], exact["layers"]):
                value = lambda layer: layer[{"latency": "latency_cycles", "energy": "energy_pj"}[objective]]
                self.assertNotIn("certificate", before)
                self.assertTrue(after["certificate"]["optimal"] or objective == "latency")
                if after["certificate"]["optimal"]:
                    self.assertEqual(after["certificate"]["bound"], after["certificate"]["value"])
                self.assertAlmostEqual(after["certificate"]["value"] / value(after), 1, places=12)
                self.assertLessEqual(value(after), value(before) * (1 + 1e-12))
        table = run("cost", MODEL, "--hardware", CORE, "--mapper", "exact", "--objective", "energy", "--explain", "gemm").stdout
        self.assertIn("21 of 21 layers proven optimal for energy", table)
        self.assertIn("proof: no mapping has less energy", " ".join(table.split()))

    def test_fronts(self):
        result = json.loads(run("cost", MODEL, "--hardware", CORE, "--json", "--mapper", "exact", "--pareto", "--time-limit", "4").stdout)
        for layer in result["layers"]:
            front = layer["pareto"]["mappings"]
            self.assertLessEqual(front[-1]["latency_cycles"], layer["latency_cycles"])
            for a, b in zip(front, front[1:]):
                self.assertLess(a["energy_pj"], b["energy_pj"])
                self.assertGreater(a["latency_cycles"], b["latency_cycles"])
        self.assertIn("that no other one beats in both", run("cost", MODEL, "--hardware", CORE, "--pareto", "--time-limit", "1").stdout)

    def test_time_limit_and_interrupt(self):
        core = self.write("core.yaml", pathlib.Path(CORE).read_text().split("dataflows:")[0])
        words = ["cost", MODEL, "--hardware", core, "--mapper", "exact", "--spatial", "search", "--objective", "edp", "--json"]
        began = time.monotonic()
        limited = json.loads(run(*words, "--time-limit", "0.5").stdout)
        self.assertLess(time.monotonic() - began, 20, "0.5 s were asked for")
        self.assertFalse(all(layer["certificate"]["optimal"] for layer in limited["layers"]))
        for layer in limited["layers"]:
            proof = layer["certificate"]
            self.assertEqual(proof["optimal"], proof["end"] == "exhausted")
            self.assertLessEqual(proof["bound"], proof["value"])
            self.assertGreaterEqual(proof["gap"], 0)
        process = subprocess.Popen([MILLRACE, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 0, errors)
        self.assertIn("stopped", {layer["certificate"]["end"] for layer in json.loads(output)["layers"]})

    def few_layers(self, first=3):
        return self.write("few.yaml", pathlib.Path(LAYERS).read_text().split(f"\n{first}:\n")[0])

    def test_searches_are_the_same_for_any_threads(self):
        layers = self.few_layers()
        seen = set()
        for method in ("rules", "auto", "local", "genetic", "exact"):
            found = []
            for threads, seed in (("1", "3"), ("2", "3"), ("1", "4")):
                words = ["--method", method, "--threads", threads, "--seed", seed, "--json"]
                count = [] if method == "rules" else ["--evaluations", "30"]
                done = run("explore", layers, "--hardware", CHIP, *count, *words)
                self.assertEqual(done.returncode, 0, done.stderr)
                result = json.loads(done.stdout)
                self.assertIs(result["verified"], True)
                self.assertGreaterEqual(result["latency_cycles"], result["lower_bound"]["latency_cycles"])
                # Not parsed: the same bytes.
                lines = done.stdout.splitlines()
                found.append([line for line in lines if "wall_seconds" not in line] if len(lines) > 1 else None)
                if method == "rules":
                    continue
                search = result["search"]
                self.assertEqual((search["method"], search["seed"]), (method, int(seed)))
                self.assertLessEqual(search["found_at"], search["schedules"])
                self.assertLessEqual(search["schedules"], 30)
                self.assertEqual(result["evaluations"], search["schedules"])
                seen.add(search["end"])
            self.assertIsNotNone(found[0])
            self.assertEqual(found[0], found[1], method)
        self.assertIn("evaluations", seen)

    def test_a_search_that_time_ends_is_one_of_so_many_schedules(self):
        words = ["explore", self.few_layers(), "--hardware", CHIP, "--method", "local", "--json"]
        timed = json.loads(run(*words, "--time-limit", "0.2").stdout)
        counted = json.loads(run(*words, "--evaluations", str(timed["evaluations"])).stdout)
        for result in (timed, counted):
            result.pop("wall_seconds")
            result["search"].pop("end")
            result.pop("mappings_evaluated")  # also for schedules that were not finished
        self.assertEqual(timed, counted)

    def test_an_interrupted_search_writes_the_best_so_far(self):
        out = self.path / "out"
        words = ["explore", MODEL, "--hardware", CHIP, "--method", "auto", "--time-limit", "1000", "--out", str(out)]
        # A slow machine may have nothing to show at first.
        for seconds in (1.5, 6, 24):
            process = subprocess.Popen([MILLRACE, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            time.sleep(seconds)
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=100)
            if process.returncode != 3:
                break
            self.assertIn("before its first schedule", errors)
        self.assertEqual(process.returncode, 0, errors)
        files = {"result.json", "schedule.png", "memory.png", "trace.json", "order.csv", "mapping.yaml"}
        self.assertTrue(files.issuperset({p.name for p in out.iterdir()}))
        result = json.loads((out / "result.json").read_text())
        self.assertEqual(result["search"]["end"], "interrupted")
        self.assertIs(result["verified"], True)

    def test_wrong_uses_of_searches(self):
        words = ("explore", LAYERS, "--hardware", CHIP)
        for limit in ("--time-limit", "--evaluations"):
            self.fails(2, *words, "--method", "rules", limit, "5", says=[limit, "another method"])
        self.fails(2, *words, "--method", "magic", says=["magic", "genetic"])
        for number in ("0", "-3", "1e3x", "many", "2000000000"):
            self.fails(2, *words, "--evaluations=" + number, says=["evaluations"])
        for seconds in ("0", "-1", "nan", "inf", "1e300", "soon", "5 s"):
            self.fails(2, *words, "--time-limit=" + seconds, says=["time-limit"])
        self.fails(2, *words, "--schedule", "layer-by-layer", "--method", "local", says=["--method", "fused"])
        self.fails(2, *words, "--schedule", "layer-by-layer", "--evaluations", "3", says=["--evaluations", "fused"])

    def test_wrong_uses_of_exact_searches(self):
        self.fails(2, "cost", MODEL, "--hardware", CORE, "--spatial", "search", says=["--mapper exact"])
        self.fails(2, "cost", MODEL, "--hardware", CORE, "--mapper", "exact", "--temporal", "even", says=["uneven"])
        self.fails(2, "cost", MODEL, "--hardware", CORE, "--pareto", "--temporal", "even", says=["uneven"])
        for seconds in ("0", "-1", "nan", "inf", "1e300", "soon"):
            self.fails(2, "cost", MODEL, "--hardware", CORE, "--mapper", "exact", "--time-limit=" + seconds, says=["0.001"])
        self.assertIn("only exact searches heed it", run("cost", MODEL, "--hardware", CORE, "--time-limit", "9").stderr)

    def test_hand_written_layers_are_all_costed(self):
        result = json.loads(run("cost", LAYERS, "--hardware", CORE, "--json").stdout)
        self.assertEqual(result["other_layers"], [])

    def test_arrays_that_compute_in_memory(self):
        text = (SOURCE / "fuzz/corpus/yaml/imc.yaml").read_text().replace("size: 4096", "size: 1 Gbit")
        core = self.write("imc.yaml", text)
        done = run("cost", MODEL, "--hardware", core, "--json", "--lpf-limit", "4")
        self.assertEqual(done.returncode, 0, done.stderr)
        result = json.loads(done.stdout)
        self.assertAlmostEqual(result["clock_ns"], sum(result["clock_parts_ns"].values()))
        self.assertAlmostEqual(result["area_mm2"], result["array_area_mm2"] + sum(result["memory_area_mm2"].values()))
        for layer in result["layers"]:
            self.assertGreater(layer["array_energy_parts_pj"]["cells"], 0)
            self.assertAlmostEqual(layer["array_energy_pj"] / sum(layer["array_energy_parts_pj"].values()), 1)
        self.assertRegex(run("cost", MODEL, "--hardware", core, "--lpf-limit", "4").stdout, r"clock [0-9.]+ ns, area [0-9.]+ mm2")

    def test_costs_from_cacti(self):
        text = (SOURCE / "fuzz/corpus/yaml/core.yaml").read_text()
        costs = "    r_cost: 10\n    w_cost: 12\n"
        self.assertIn(costs, text)
        def core(size):
            changed = text.replace("size: 4096", f"size: {size}").replace(costs, "    auto_cost_extraction: true\n")
            return self.write("core.yaml", changed)
        done = run("cost", MODEL, "--hardware", core("64 MiB"), "--json", "--lpf-limit", "4")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(json.loads(done.stdout)["memory_area_mm2"]["buffer"], 98.958)
        done = run("cost", MODEL, "--hardware", core("50 MB"), "--lpf-limit", "4")
        self.assertEqual(done.returncode, 0)
        self.assertIn("are estimates from", done.stderr)
        self.fails(2, "cost", MODEL, "--hardware", core("128 MiB"), says=["core.yaml", "give r_cost and w_cost"])

    def test_explain(self):
        done = run("explore", MODEL, "--hardware", CHIP, "--explain", "maxpool")
        self.assertIn("loops, innermost first", done.stdout)
        done = run("cost", MODEL, "--hardware", CORE, "--explain", "conv_3")
        self.assertIn("off-loading", done.stdout)
        self.assertIn("what would help latency", done.stdout)
        self.assertLessEqual(max(map(len, done.stdout.splitlines())), 120)
        layers = json.loads(run("cost", LAYERS, "--hardware", CORE, "--json").stdout)["layers"]
        everything = run("cost", LAYERS, "--hardware", CORE, "--explain")
        self.assertEqual(everything.stdout.count("runner-up"), len(layers))

    def test_cost_explains_in_json_the_same_for_any_threads(self):
        words = ("cost", MODEL, "--hardware", CORE, "--json", "--objective", "energy")
        results = []
        for more in (("--threads", "1"), ("--threads", "3"), ("--explain", "conv_1", "--threads", "1"), ("--explain", "conv_1", "--threads", "3")):
            done = run(*words, *more)
            self.assertEqual(done.returncode, 0, done.stderr)
            results.append(json.loads(done.stdout))
            results[-1].pop("wall_seconds")
        self.assertEqual(results[0], results[1])
        self.assertEqual(results[2], results[3])
        helped = [layer for layer in results[2]["layers"] if layer.pop("what_helps", None)]
        self.assertTrue(helped)
        self.assertTrue(all("conv_1" in layer["name"] for layer in helped))
        self.assertEqual(results[2], results[0])
        for layer in results[0]["layers"]:
            self.assertEqual(max(0, *(port["stall_cycles"] for port in layer["ports"])), layer["stall_cycles"])
            self.assertGreaterEqual(layer["runner_up"]["energy_pj"], layer["energy_pj"])

    def test_the_page_on_explanations_shows_what_is_printed(self):
        page = (SOURCE / "docs/explain.md").read_text()
        shown = page.split("```text\n")[1].split("```")[0]
        done = run("cost", MODEL, "--hardware", CORE, "--explain", "conv_68")
        self.assertIn(shown, done.stdout)

    def test_explore_explains_on_a_terminal_only(self):
        self.fails(2, "explore", MODEL, "--hardware", CHIP, "--json", "--explain")

    def test_cost_writes_what_it_promises(self):
        for name in ("a", "b"):
            done = run("cost", MODEL, "--hardware", CORE, "--out", str(self.path / name))
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual({p.name for p in (self.path / name).iterdir()}, {"cost.json", "energy.png", "latency.png"})
        for file in ("energy.png", "latency.png"):
            self.assertEqual((self.path / "a" / file).read_bytes(), (self.path / "b" / file).read_bytes(), file)
            self.assertTrue((self.path / "a" / file).read_bytes().startswith(b"\x89PNG"))

    def test_convert_saves_shapes_and_drops_weights(self):
        out = self.path / "shaped.onnx"
        done = run("convert", MODEL, "--output", str(out), "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        told = json.loads(done.stdout)
        self.assertEqual((told["schema"], told["output_bytes"], told["shapes"]), ("millrace.convert/1", out.stat().st_size, 49))
        dropped = self.path / "dropped.onnx"
        self.assertEqual(run("convert", str(out), "--output", str(dropped), "--drop-weights").returncode, 0)
        costs = [json.loads(run("cost", model, "--hardware", CORE, "--json").stdout)["layers"] for model in (MODEL, str(dropped))]
        self.assertEqual(*costs)
        self.assertEqual({p.name for p in self.path.iterdir()}, {"shaped.onnx", "dropped.onnx"})

    def test_wrong_uses_of_convert(self):
        model = self.path / "m.onnx"
        shutil.copy(MODEL, model)
        before = model.read_bytes()
        self.fails(2, "convert", MODEL, says=["--output"])
        words = ("convert", str(model), "--output")
        self.fails(2, *words, str(model), "--drop-weights", says=["its weights would be lost"])
        self.fails(2, *words, str(self.path / "no/a.onnx"), says=["there is no folder"])
        self.fails(2, *words, str(self.path / "a.onnx"), "--drop-weights", "--external-data", "w", says=["not both"])
        self.fails(2, *words, str(self.path / "a.onnx"), "--external-data", "/w", says=["does not lie beside"])
        self.fails(2, *words, str(self.path / "a.onnx"), "--input-shape", "nobody=1", says=["nobody"])
        self.assertEqual(({p.name for p in self.path.iterdir()}, model.read_bytes()), ({"m.onnx"}, before))

    def test_inspect_models(self):
        out = self.path / "seen"
        done = run("inspect", MODEL, "--out", str(out), "--nodes")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual({p.name for p in out.iterdir()}, {"inspect.json", "graph.svg"})
        table = done.stdout.split("\nOperators\n")[0]
        self.assertLessEqual(max(map(len, table.splitlines())), 100)
        result = json.loads((out / "inspect.json").read_text())
        self.assertEqual((result["schema"], result["kind"]), ("millrace.inspect/1", "model"))
        # Conv and Gemm of a ResNet-18 for 224 x 224 pixels: 1.814 thousand million.
        self.assertEqual(result["macs"], 1814073344)
        self.assertEqual(sum(kind["macs"] for kind in result["operators"]), result["macs"])
        self.assertEqual(sum(kind["count"] for kind in result["operators"]), len(result["nodes"]))
        for node in result["nodes"]:
            self.assertIn(f"  {node['name']}  {node['type']}(", done.stdout)
        for tensor in result["tensors"]:
            self.assertIn(f"  {tensor['name']}  {tensor['type']} [", done.stdout)
        run("inspect", MODEL, "--out", str(self.path / "again"))
        self.assertEqual((out / "graph.svg").read_bytes(), (self.path / "again/graph.svg").read_bytes())

    def test_inspect_chips_and_what_is_neither(self):
        done = run("inspect", CHIP)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertLessEqual(max(map(len, done.stdout.splitlines())), 100)
        result = json.loads(run("inspect", CHIP, "--json").stdout)
        self.assertEqual((result["kind"], sum(core["offchip"] for core in result["cores"])), ("chip", 1))
        for name in ("a.txt", "b"):
            self.fails(2, "inspect", self.write(name, "x"), says=["PATH is a network (.onnx) or a chip"])
        self.fails(2, "inspect", str(self.path), says=["is a folder", "PATH is"])
        self.fails(2, "inspect", LAYERS, says=["PATH is"])
        self.fails(2, "inspect", str(self.path / "no.onnx"), says=["does not exist"])
        self.fails(2, "inspect", self.write("net.tflite", "x"), says=["TFLite"])


if __name__ == "__main__":
    unittest.main()
