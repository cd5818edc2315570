#!/usr/bin/env python3
"""Random (layer, core, order) triples with the results of the reference cost model, one JSON line each.

    cost_oracle.py FOLDER_OF_THE_REFERENCE COUNT SEED [corrected]

The folder holds zigzag_reference.py, which evaluates. What the reference takes as given (loops by memory level, the order
of memories) is worked out here on its own, so that it is checked as well. With `corrected`, random sets of corrections of the model are on, and the answers
are those of corrected_costs.py. Doubles are written as hexadecimal texts.
"""
import hashlib
import json
import random
import sys
from math import ceil

import corrected_costs

DIRS = ("tl", "fl", "th", "fh")
ROLES = ("I1", "I2", "O")


# --- what the reference takes as given ---------------------------------------------------------------------------------

def set_hash(name):
    def pickled(body):
        return b"\x80\x04\x95" + len(body).to_bytes(8, "little") + body
    def text(s):
        return b"\x8c" + bytes([len(s)]) + s.encode() + b"\x94"
    digests = [hashlib.sha512(pickled(text(name) + b".")).digest(),
               hashlib.sha512(pickled(text("zigzag.datatypes") + text("OADimension") + b"\x93\x94.")).digest()]
    return (int.from_bytes(digests[0], "big") ^ int.from_bytes(digests[1], "big")) % (2**61 - 1)


class Hashed:
    def __init__(self, name, index):
        self.hash, self.index = set_hash(name), index

    def __hash__(self):
        return self.hash

    def __eq__(self, other):
        return self.index == other.index


def served_order(core, memory):
    members = set()
    for d in memory["served"]:
        members.add(Hashed(core["array"][d][0], d))
    return [m.index for m in members]


def memory_order(memories):
    level = {}
    count = {r: 0 for r in ROLES}
    for i, m in enumerate(memories):
        for r in m["operands"]:
            level[i, r] = count[r]
            count[r] += 1
    best = [max(level[i, r] for r in m["operands"]) for i, m in enumerate(memories)]
    above = [[] for _ in memories]
    waiting = [0] * len(memories)
    for i, m in enumerate(memories):
        for r in m["operands"]:
            low = [j for j in range(i) if r in memories[j]["operands"]]
            for j in low:
                if best[j] == max(best[k] for k in low) and i not in above[j]:
                    above[j].append(i)
                    waiting[i] += 1
    order = [i for i in range(len(memories)) if waiting[i] == 0]
    for i in order:
        for j in above[i]:
            waiting[j] -= 1
            if waiting[j] == 0:
                order.append(j)
    return order


class Hardware:
    """The core as the reference wants it."""

    def __init__(self, core, link):
        order = memory_order(core["memories"])
        linked = {link[op]: op for op in link}
        self.link, self.lev, self.top, self.share, self.order = link, {r: [] for r in ROLES}, {}, [], []
        for i in order:
            m = core["memories"][i]
            node = dict(index=i, size=m["size"], r=m["r"], w=m["w"], ops={}, bw={}, ports=[], forced=m.get("forced", False))
            for r in m["operands"]:
                node["ops"][r] = len(self.lev[r])
                self.lev[r].append(node)
                self.top[r] = node
            for port in m["ports"]:
                serves = [(r, node["ops"][r], d) for r, d in port["uses"] if r in linked]
                for r, d in port["uses"]:
                    node["bw"].setdefault(r, {}).setdefault(d, (port["min"], port["max"]))
                if serves:
                    node["ports"].append(dict(bmax=port["max"], serves=serves))
            if len(node["ops"]) > 1:
                self.share.append(list(node["ops"].items()))
            self.order.append(node)
        self.nodes = self.order


def lay_out(core, hardware, role, loops_of_array):
    """Loops by arch level from loops by array dimension."""
    def put(level, loops):
        for dim, n in loops:
            for k, (other, m) in enumerate(level):
                if other == dim:
                    level[k] = (dim, m * n)
                    break
            else:
                level.append((dim, n))
    left = list(range(len(core["array"])))
    levels = []
    for node in hardware.lev[role]:
        level = []
        for d in served_order(core, core["memories"][node["index"]]):
            if d in left:
                left.remove(d)
                put(level, loops_of_array[d])
        levels.append(level)
    rest = []
    for d in left:
        put(rest, loops_of_array[d])
    return levels + [rest]


def spatial(core, hardware, layer, flows, fix=()):
    """Fractional and whole loops: {op: levels} twice."""
    best = {}
    for _, loops in flows:
        for dim, n in loops:
            best[dim] = max(best.get(dim, 0), n)
    done, earlier = set(), {}
    fractional = [[] for _ in core["array"]]
    for d, loops in flows:
        for dim, n in loops:
            e = earlier.get(dim, 1)
            if n == best[dim] and dim not in done:
                done.add(dim)
                size = layer["dims"][dim]
                n = size / ceil(size / (n * e)) / e
            earlier[dim] = e * n
            fractional[d].append((dim, float(n)))
    whole = [[(dim, corrected_costs.whole(n, fix)) for dim, n in loops] for loops in fractional]
    return [{op: lay_out(core, hardware, hardware.link[op], which) for op in layer["ops"]} for which in (fractional, whole)]


# --- random questions --------------------------------------------------------------------------------------------------

def random_layer(rng):
    size = lambda most: rng.choice([1, 2, 3, 4, rng.randint(1, most), rng.randint(1, most)])
    kind = rng.choice(["conv", "conv", "conv", "depthwise", "gemm", "batch", "add", "pool", "relu", "odd"])
    precision = lambda: rng.choice([1, 4, 8, 8, 16])
    order = ["O", "I", "W"] if rng.random() < 0.5 else ["O", "W", "I"]
    layer = dict(kind=kind, ops=order, rel={}, final=precision())
    if kind in ("gemm", "batch", "add", "relu"):
        names = {"gemm": "CDK", "batch": "CDKBH", "add": "BGYX", "relu": "BKYX"}[kind]
        layer["dims"] = {n: size(40) for n in names}
        layer["idx"] = {"gemm": dict(O="DK", I="DC", W="CK"), "batch": dict(O="BHDK", I="BHDC", W="BHCK"),
                        "add": dict(O="BGYX", I="BGYX", W="BGYX"), "relu": dict(O="BKYX", I="BKYX", W="")}[kind]
        layer["idx"] = {op: list(v) for op, v in layer["idx"].items()}
    else:
        layer["dims"] = {n: size(most) for n, most in
                         (("B", 2), ("K", 70), ("G", 8), ("OX", 30), ("OY", 30), ("C", 70), ("FX", 7), ("FY", 5))}
        group = ["B", "G"]
        if kind in ("depthwise", "pool"):
            layer["dims"]["K"] = layer["dims"]["C"] = 1
        if kind == "conv" and rng.random() < 0.7:
            del layer["dims"]["G"]
            group = ["B"]
        stride, dilation = rng.choice([1, 1, 2, 3, 4]), rng.choice([1, 1, 1, 2, 3])
        layer["rel"] = {"IX": ["OX", stride, "FX", dilation], "IY": ["OY", rng.choice([1, 2, stride]), "FY", rng.choice([1, dilation])]}
        channels = [] if kind == "pool" else ["K"]
        inputs = [] if kind == "pool" else ["C"]
        layer["idx"] = dict(O=group + channels + ["OY", "OX"], W=[g for g in group if g == "G"] + channels + inputs + ["FY", "FX"],
                            I=group + inputs + ["IY", "IX"])
        if kind == "pool":
            layer["idx"]["W"] = ["FX", "FY"]
            for n in "KC":
                del layer["dims"][n]
        if kind == "odd":  # the output slides as well (a transposed convolution)
            layer["idx"]["O"], layer["idx"]["I"] = group + ["K", "IY", "IX"], group + ["C", "OY", "OX"]
    if kind == "relu":
        layer["ops"] = ["O", "I"]
        del layer["idx"]["W"]
    layer["prec"] = {op: precision() for op in layer["ops"]}
    layer["prec"]["O"] = layer["final"] * rng.choice([1, 2, 4])
    if kind == "pool":
        layer["prec"]["W"] = 0
    items = list(layer["dims"].items())
    if rng.random() < 0.3:
        rng.shuffle(items)
    layer["dims"] = dict(items)
    return layer


def random_cap(rng, layer, reference):
    whole = reference.Layer(layer["dims"], layer["ops"], layer["idx"], {p: tuple(v) for p, v in layer["rel"].items()},
                            layer["prec"], layer["final"])
    return {p: max(1, cap - rng.choice([0, 0, 1, 2, 4, 6])) for p, cap in whole.cap.items()}


def random_ports(rng, operands):
    width = lambda: rng.choice([4, 8, 16, 24, 32, 64, 128, 256, 512])
    def port(uses):
        most = width()
        return dict(max=most, min=rng.choice([most, most, max(1, most // 2), max(1, most // 8), rng.randint(1, most)]), uses=uses)
    every = [(r, d) for r in operands for d in (("fh", "tl", "fl", "th") if r == "O" else ("fh", "tl"))]
    if rng.random() < 0.3:
        rng.shuffle(every)
    style = rng.choice(["one", "two", "operand", "each", "split"])
    if style == "one":
        groups = [every]
    elif style == "two":
        groups = [[u for u in every if u[1] in ("tl", "th")], [u for u in every if u[1] in ("fh", "fl")]]
    elif style == "operand":
        groups = [[u for u in every if u[0] == r] for r in operands]
    elif style == "each":
        groups = [[u] for u in every]
    else:
        groups = [[u for u in every if u[1] in ("tl", "fl")], [u for u in every if u[1] in ("th", "fh")]]
    return [port(g) for g in groups if g]


def random_core(rng):
    array = [[f"D{d + 1}", rng.choice([1, 2, 3, 4, 7, 8, 16])] for d in range(rng.choice([1, 2, 2, 2, 3, 4]))]
    everywhere = list(range(len(array)))
    memories = []
    served = {r: set() for r in ROLES}
    def add(operands, bits, more):
        grown = set().union(*[served[r] for r in operands])
        if rng.random() < 0.05:
            grown = set()
        grown |= set(d for d in everywhere if rng.random() < more)
        list_ = sorted(grown)
        if rng.random() < 0.3:
            rng.shuffle(list_)
        for r in operands:
            served[r] |= grown
        cost = lambda: rng.choice([0.0, 0.1, 0.095, round(rng.uniform(0, 5), 3), rng.randint(1, 700)])
        operands = list(operands)
        rng.shuffle(operands)
        memories.append(dict(size=max(1, int(2 ** rng.uniform(*bits))), r=float(cost()), w=float(cost()), operands=operands,
                             ports=random_ports(rng, operands), served=list_))
    def groups():
        return rng.choice([[["I1", "I2", "O"]], [["I1", "O"], ["I2"]], [["I1"], ["I2"], ["O"]], [["I1", "I2"], ["O"]], [["I2", "O"], ["I1"]]])
    for r in ROLES:
        if rng.random() < 0.5:
            add([r], (4, 11), 0.3)
    for _ in range(rng.choice([0, 1, 1, 2])):
        for g in groups():
            if rng.random() < 0.8:
                add(g, (8, 19), 0.7)
    if rng.random() < 0.75:
        add(list(ROLES), (16, 34), 1.0)
    else:
        for g in groups():
            add(g, (14, 30), 1.0)
    return dict(array=array, memories=memories, unit=rng.choice([0.04, 0.5, 1.0]))


def random_flows(rng, core, layer):
    flows = []
    used = {}
    for d, (_, size) in enumerate(core["array"]):
        loops, room = [], size
        for dim in rng.sample(list(layer["dims"]), min(len(layer["dims"]), rng.choice([0, 1, 1, 1, 2]))):
            most = min(room, layer["dims"][dim] // used.get(dim, 1))
            if most < 1:
                continue
            n = rng.choice([most, most, rng.randint(1, most)])
            used[dim] = used.get(dim, 1) * n
            room //= n
            loops.append([dim, n])
        flows.append([d, loops])
    if rng.random() < 0.2:
        rng.shuffle(flows)
    return flows


def random_order(rng, layer, levels):
    sizes = dict(layer["dims"])
    for level in levels[layer["ops"][1]]:
        for dim, n in level:
            sizes[dim] = ceil(sizes[dim] / n)
    order = []
    for dim, n in sizes.items():
        p = 2
        while n > 1:
            while n % p == 0:
                order.append([dim, p])
                n //= p
            p += 1
    most = rng.choice([3, 4, 5, 6, 6, 7, 9, 14])
    rng.shuffle(order)
    while len(order) > most:
        pairs = [(i, j) for i in range(len(order)) for j in range(i) if order[i][0] == order[j][0]]
        if not pairs:
            break
        i, j = rng.choice(pairs)
        order[j][1] *= order.pop(i)[1]
    return [tuple(x) for x in order] or [(next(iter(layer["dims"])), 1)]


# --- answers -----------------------------------------------------------------------------------------------------------

def hexed(value):
    if isinstance(value, bool) or isinstance(value, str) or value is None:
        return value
    if isinstance(value, (int, float)):
        return float(value).hex()
    if isinstance(value, dict):
        return {k: hexed(v) for k, v in value.items()}
    return [hexed(v) for v in value]


def answer(reference, layer, core, hardware, levels, order, even):
    rel = {p: tuple(v) for p, v in layer["rel"].items()}
    L = reference.Layer(layer["dims"], layer["ops"], layer["idx"], rel, layer["prec"], layer["final"], prcap=layer["cap"])
    both = [reference.Spatial(L, m) for m in levels]
    out = dict(levels=hexed(levels), counts=hexed([[s.uc, s.uu, s.boost] for s in both]))
    try:
        loops = reference.allocate(L, hardware, both[0], order, even)
    except reference.TooSmall:
        return dict(out, fits=False)
    units = 1
    for _, n in core["array"]:
        units *= n
    R = reference.evaluate(L, hardware, both[0], both[1], loops, core["unit"], units)
    out.update(fits=True, allocation={op: [len(x) for x in loops[op]] for op in loops}, db=R["db"])
    keys = ("energy", "mem_energy", "acc", "ideal", "tcyc", "stall", "on", "off", "lat0", "lat1", "lat2")
    out["numbers"] = hexed({k: R[k] for k in keys})
    out["elements"] = hexed([R["F"].elem, R["I"].elem])
    return out


def corrected_answer(reference, layer, core, hardware, levels, order, even, fix):
    rel = {p: tuple(v) for p, v in layer["rel"].items()}
    kind = corrected_costs.layer_class(reference, fix)
    L = kind(layer["dims"], layer["ops"], layer["idx"], rel, layer["prec"], layer["final"], prcap=layer["cap"])
    both = [reference.Spatial(L, m) for m in levels]
    try:
        loops = corrected_costs.allocate(reference, L, hardware, both[0], order, even, fix)
    except reference.TooSmall:
        return dict(fits=False)
    units = 1
    for _, n in core["array"]:
        units *= n
    numbers = corrected_costs.evaluate(reference, L, hardware, both, loops, core["unit"], units, fix)
    return dict(fits=True, numbers=hexed(numbers))


def main():
    folder, count, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    sys.path.insert(0, folder)
    import zigzag_reference as reference
    corrected = len(sys.argv) > 4 and sys.argv[4] == "corrected"
    rng = random.Random(seed)
    made = 0
    while made < count:
        layer, core = random_layer(rng), random_core(rng)
        layer["cap"] = random_cap(rng, layer, reference)
        link = {"O": "O", "I": "I1", "W": "I2"}
        hardware = Hardware(core, {op: link[op] for op in layer["ops"]})
        flows = random_flows(rng, core, layer)
        fix = [name for name in corrected_costs.NAMES if corrected and rng.random() < rng.choice([0.3, 0.6, 1])]
        if corrected:
            for memory, node in ((core["memories"][node["index"]], node) for node in hardware.nodes):
                memory["forced"] = node["forced"] = rng.random() < 0.2
        levels = spatial(core, hardware, layer, flows, fix)
        for _ in range(4):
            order = random_order(rng, layer, levels[0])
            even = rng.random() < 0.2
            line = dict(layer=layer, core=core, flows=flows, order=order, even=even)
            if corrected:
                line["fix"] = fix
                line["answer"] = corrected_answer(reference, layer, core, hardware, levels, order, even, fix)
            else:
                line["answer"] = answer(reference, layer, core, hardware, levels, order, even)
            print(json.dumps(line))
            made += 1
            if made == count:
                return


if __name__ == "__main__":
    main()
