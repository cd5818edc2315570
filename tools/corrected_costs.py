"""The reference cost model with faults corrected (docs/cost.md), slow and obvious; for cost_oracle.py.

Sets are enumerated instead of counted, borrowed bandwidth is shared out in exact fractions, and all ways to double buffer
are tried. Takes from the reference module what no correction touches.
"""
from fractions import Fraction
from itertools import product
from math import ceil, prod

NAMES = ("readback", "ragged", "halo", "loading", "borrowing", "buffering")
ENUMERATED = 3000


def layer_class(reference, fix):
    class Layer(reference.Layer):
        def prdim(self, p, size):
            if "halo" not in fix:
                return super().prdim(p, size)
            a, ca, b, cb = self.rel[p]
            return min(self.cap[p], indices(size.get(a, 1), ca, size.get(b, 1), cb))
    return Layer


def indices(a, ca, b, cb):
    """Distinct values of ca * i + cb * j; for sizes that are not whole, on the surface through those that are."""
    if a == int(a) and b == int(b) and a * b <= ENUMERATED:
        return len({ca * i + cb * j for i in range(int(a)) for j in range(int(b))})
    g = max(d for d in range(1, min(ca, cb) + 1) if ca % d == 0 and cb % d == 0)
    return a * b - max(0, b - ca // g) * max(0, a - cb // g)


def whole(n, fix):
    return ceil(Fraction(n).limit_denominator(1 << 20)) if "ragged" in fix else int(n)


def allocate(reference, L, H, S, order, even, fix):
    """A forced double buffer has room for half of what it holds."""
    sizes = [node["size"] for node in H.nodes]
    for node in H.nodes:
        if "buffering" in fix and node["forced"]:
            node["size"] = node["size"] / 2
    try:
        return reference.allocate(L, H, S, order, even)
    finally:
        for node, size in zip(H.nodes, sizes):
            node["size"] = size


class Tiles:
    """Elements and bits below each cut of one version of the spatial mapping."""

    def __init__(self, reference, L, S, T, fix):
        plain = reference.Mapping(L, S, T)
        self.S, self.psum, self.elem, self.prec, self.bits = S, plain.psum, {}, {}, {}
        O = L.ops[0]
        self.back = [int(L.tensor(O, L.dims) * (plain.caal[a + 1] - 1)) != 0 for a in range(len(S.m[O]))]
        for op in L.ops:
            self.elem[op] = plain.elem[op]
            if "halo" in fix:
                size = {}
                self.elem[op] = [1]
                for loops, unrolled in zip(T.st[op], S.m[op]):
                    for d, n in list(loops) + list(unrolled):
                        size[d] = size.get(d, 1) * n
                    self.elem[op].append(round(L.tensor(op, size)))
            self.prec[op] = [L.prec[op] if op != O or self.psum[a] else L.final for a in range(len(S.m[op]))]
            self.bits[op] = [e * p for e, p in zip(self.elem[op], self.prec[op])]


class Model:
    def __init__(self, reference, L, H, S, loops, fix):
        self.reference, self.L, self.H, self.fix, self.O = reference, L, H, fix, L.ops[0]
        self.T = reference.Temporal(L, loops)
        self.F, self.N = (Tiles(reference, L, s, self.T, fix) for s in S)
        self.op_of = {m: o for o, m in H.link.items()}

    def period(self, op, cut):
        return self.T.cyc[op][cut - 1] if cut > 0 else (1 if op == self.O else self.T.mac[op])

    def levels(self, op):
        return len(self.T.st[op])

    def visits_and_tiles(self, cut):
        above = [loop for level in self.T.st[self.O][cut:] for loop in level]
        outer = [(n, d in self.L.ir[self.O]) for d, n in above]
        count = prod(n for n, _ in outer)
        if count > ENUMERATED:
            return count, prod(n for n, reuses in outer if not reuses)
        tiles = set()
        for point in product(*[range(n) for n, _ in outer]):
            tiles.add(tuple(i for i, (_, reuses) in zip(point, outer) if not reuses))
        return count, len(tiles)

    def transfer(self, tiles, op, m, d):
        """(elements, bits each, count, transfers that never happen) or None."""
        high = d in ("th", "fh")
        cut = m + 1 if high else m
        if high and cut == self.levels(op):
            return None
        amount = tiles.elem[op][cut] * (1 if high else tiles.S.boost[op][cut])
        count = self.T.total // self.period(op, cut)
        if op != self.O:
            return None if d in ("fl", "th") else (amount, self.L.prec[op], count, 0)
        if d in ("fl", "th"):
            return int(amount), self.L.prec[op] if tiles.back[cut] else self.L.final, count, 0
        if not tiles.psum[cut]:
            return None
        never = 0
        if "readback" in self.fix:
            visits, distinct = self.visits_and_tiles(cut)
            assert visits == count
            if visits == distinct:
                return None
            never = distinct
        return int(amount), self.L.prec[op] if tiles.back[cut] else 0, count, never

    def energy(self):
        accesses, energy = {}, 0
        for op in self.L.ops:
            accesses[op] = []
            for m in range(self.levels(op)):
                node, a = self.H.lev[self.H.link[op]][m], {}
                for d in self.reference.DIRS:
                    t = self.transfer(self.F, op, m, d)
                    if not t or t[0] == 0 or t[1] == 0:
                        a[d] = 0
                        continue
                    least, most = node["bw"][self.H.link[op]][d]
                    shares = ceil(t[0] * t[1] / least) * (least / most) * (t[2] - t[3]) * self.F.S.uc[op][m + 1]
                    a[d] = shares if "shares" in self.fix else int(shares)
                accesses[op].append(a)
                energy += (a["th"] * node["r"] + a["tl"] * node["r"]) + (a["fh"] * node["w"] + a["fl"] * node["w"])
        return accesses, energy

    def bandwidth(self, op, m, d):
        return self.H.lev[self.H.link[op]][m]["bw"][self.H.link[op]][d][1]

    def cycles(self, op, m, d):
        t = self.transfer(self.N, op, m, d)
        return ceil(t[0] * t[1] / self.bandwidth(op, m, d))

    def ports(self):
        for node in self.H.order:
            for port in node["ports"]:
                links = [(self.op_of[r], m, d) for r, m, d in port["serves"] if r in self.op_of]
                shared = len({r for r, _, _ in port["serves"] if r in ("I1", "I2")}) > 1
                yield port["bmax"], shared, links

    def used(self, op, m):
        return self.F.bits[op][m + 1] // self.T.topr[op][m + 1]

    def greedy(self):
        """ZigZag's flags."""
        use = {(op, m): self.used(op, m) / self.H.lev[self.H.link[op]][m]["size"] for op in self.L.ops for m in range(self.levels(op))}
        shares = {}
        for node in self.H.nodes:
            inside = [(self.op_of[r], m) for r, m in node["ops"].items() if r in self.op_of]
            total = [0]
            for key in inside:
                total[0] += use[key]
                shares[key] = total
        flags = {}
        for op in self.L.ops:
            for m in range(self.levels(op)):
                total = shares[op, m]
                flags[op, m] = total[0] <= 0.5
                if not flags[op, m] and use[op, m] <= 1 - total[0]:
                    flags[op, m] = True
                    total[0] += use[op, m]
        return flags

    def stall(self, flags):
        worst = 0
        for _, _, links in self.ports():
            acts = []
            for op, m, d in links:
                t = self.transfer(self.N, op, m, d)
                if not t:
                    continue
                cut = m + 1 if d in ("th", "fh") else m
                period = self.period(op, cut)
                window = int(period / self.T.topir[op][cut])
                allowed = period if cut > 0 and flags[op, cut - 1] else window
                # Of read-backs none is a part of the loading; of all others the first.
                during = t[2] - t[3] if t[3] else t[2] - 1
                acts.append((self.cycles(op, m, d), allowed, period, t[2], during))
            if not acts:
                continue
            late = [(r - a) * n for r, a, _, _, n in acts]
            if len(acts) == 1:
                worst = max(worst, late[0])
                continue
            union = self.reference.union([(p, a, c) for _, a, p, c, _ in acts])
            rest = sum(x for x in late if x <= 0) + sum(a * n for _, a, _, _, n in acts) - union
            worst = max(worst, sum(x for x in late if x > 0) + max(0, rest))
        return worst

    def choices(self):
        """All ways to double buffer that the memories have room for, those that another one contains left out if many."""
        ways = []
        for node in self.H.nodes:
            inside = [(self.op_of[r], m) for r, m in node["ops"].items() if r in self.op_of]
            possible = [set(k for k, twice in zip(inside, picks) if twice) for picks in product((0, 1), repeat=len(inside))]
            possible = [s for s in possible if sum(self.used(*k) * (2 if k in s else 1) for k in inside) <= node["size"]] or [set()]
            ways.append(possible)
        if prod(len(w) for w in ways) > 40:
            ways = [[s for s in w if not any(s < other for other in w)] for w in ways]
        for picks in product(*ways):
            yield {(op, m): any((op, m) in s for s in picks) for op in self.L.ops for m in range(self.levels(op))}

    def loads(self, stall):
        entries = {}
        for B, shared, links in self.ports():
            once, average = [], 0
            for op, m, d in links:
                if op == self.O and d in ("tl", "fh"):
                    continue
                t = self.transfer(self.N, op, m, d)
                if not t:
                    continue
                cut = m + 1 if d in ("th", "fh") else m
                entries[op, m, d] = (self.cycles(op, m, d), shared)
                if t[2] == 1:
                    once.append((op, m, d))
                    continue
                need = self.N.elem[op][cut] * self.N.prec[op][cut] / self.period(op, cut)
                average += int(need * self.N.S.boost[op][cut]) if cut == m else int(need)
            idle = self.T.total + (0 if "loading" in self.fix else stall)
            least = [self.N.bits[op][1] for op, _, _ in once]
            if "borrowing" in self.fix:
                bits = []
                for op, m, d in once:
                    t = self.transfer(self.N, op, m, d)
                    bits.append(Fraction(int(t[0] * t[1]), self.bandwidth(op, m, d)))
                surplus = max(Fraction(0), Fraction(B - average, B) * idle)
                left = [ceil(x) for x in sunk(bits, [Fraction(x, B) for x in least], surplus)]
            else:
                surplus = max(0, ((B - average) / B) * idle)
                left, _ = self.reference.balance([entries[k][0] for k in once], [ceil(x / B) for x in least], surplus)
            for k, x in zip(once, left):
                entries[k] = (x, shared)
        return entries

    def loading(self, stall):
        entries = self.loads(stall)
        part = {}
        for op in self.L.ops[1:]:
            own = half = common = 0
            for m in range(self.levels(op) - 1):
                a, b = entries[op, m, "fh"], entries[op, m + 1, "tl"]
                x = max(a[0], b[0])
                if a[1] and b[1]:
                    common += x
                elif not a[1] and not b[1]:
                    own += x
                else:
                    half = half + x if "loading" in self.fix else x
            part[op] = (common, half, own)
        off = sum(max(entries[self.O, m, "th"][0], entries[self.O, m + 1, "fl"][0]) for m in range(self.levels(self.O) - 1))
        if len(part) == 1:
            return next(iter(part.values()))[2], off
        f = lambda x, y: x[0] + max(y[0] + y[1] + y[2], x[1] + x[2])
        a, b = part.values()
        return min(f(a, b), f(b, a)), off


def sunk(loads, least, surplus):
    """The longest loads sink to one level; exact."""
    least = [min(m, n) for m, n in zip(least, loads)]
    at = lambda level: [max(m, min(n, level)) for n, m in zip(loads, least)]
    saved = lambda level: sum(loads) - sum(at(level))
    if not loads or surplus >= saved(0):
        return least
    marks = sorted(set(loads + least), reverse=True)
    for high, low in zip(marks, marks[1:] + [Fraction(0)]):
        if saved(low) >= surplus:
            slope = (saved(low) - saved(high)) / (high - low)
            return at(high if slope == 0 else high - (surplus - saved(high)) / slope)
    raise AssertionError("no level")


def evaluate(reference, L, H, S, loops, unit_energy, units, fix):
    model = Model(reference, L, H, S, loops, fix)
    accesses, memories = model.energy()
    if "buffering" in fix:
        stall = min(model.stall(flags) for flags in model.choices())
    else:
        stall = model.stall(model.greedy())
    on, off = model.loading(stall)
    total = model.T.total
    return dict(acc=accesses, mem_energy=memories, energy=memories + unit_energy * L.macs, ideal=ceil(L.macs / units), tcyc=total,
                stall=stall, on=on, off=off, lat0=total + stall, lat1=total + stall + on, lat2=total + stall + on + off)
