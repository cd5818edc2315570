#!/usr/bin/env python3
"""Measures memories with CACTI 7 and writes src/hardware/cactitable.cpp from the measurements.

usage: make_cacti_table.py measure CACTI POINTS [LIMIT_S]   adds the missing points of the grid to the file POINTS
       make_cacti_table.py write POINTS OUT.cpp            writes the table
       make_cacti_table.py check POINTS                    how far estimates are from measurements

CACTI is the program `cacti`, started in its own folder (it reads tech_params/ there). A point is a memory as ZigZag
describes it to CACTI: technology 0.022 um, one bank, one read and one write port, a block as many bytes as the bus has
bits. One line of POINTS is "bytes bits read_nJ write_nJ mm2", as CACTI prints them, or "bytes bits none" if CACTI finds
no memory like that. A point that takes longer than LIMIT_S (default 120) seconds is left out.
"""
import math
import subprocess
import sys
import tempfile
from pathlib import Path

SMALLEST, LARGEST = 64, 64 << 20  # bytes
NARROWEST, WIDEST = 8, 16384  # bits
SETTINGS = """\
-Array Power Gating - "false"
-WL Power Gating - "false"
-CL Power Gating - "false"
-Bitline floating - "false"
-Interconnect Power Gating - "false"
-Power Gating Performance Loss 0.01
-page size (bits) 8192
-burst length 8
-internal prefetch width 8
-Data array cell type - "itrs-hp"
-Data array peripheral type - "itrs-hp"
-Tag array cell type - "itrs-hp"
-Tag array peripheral type - "itrs-hp"
-operating temperature (K) 360
-tag size (b) "default"
-access mode (normal, sequential, fast) - "normal"
-design objective (weight delay, dynamic power, leakage power, cycle time, area) 0:0:0:100:0
-deviate (delay, dynamic power, leakage power, cycle time, area) 20:100000:100000:100000:100000
-NUCAdesign objective (weight delay, dynamic power, leakage power, cycle time, area) 100:100:0:0:100
-NUCAdeviate (delay, dynamic power, leakage power, cycle time, area) 10:10000:10000:10000:10000
-Optimize ED or ED^2 (ED, ED^2, NONE): "ED^2"
-Cache model (NUCA, UCA)  - "UCA"
-NUCA bank count 0
-Wire signaling (fullswing, lowswing, default) - "Global_30"
-Wire inside mat - "semi-global"
-Wire outside mat - "semi-global"
-Interconnect projection - "conservative"
-Core count 8
-Cache level (L2/L3) - "L3"
-Add ECC - "true"
-Print level (DETAILED, CONCISE) - "DETAILED"
-Print input parameters - "true"
-Force cache config - "false"
-dram_type "DDR3"
-io state "WRITE"
-addr_timing 1.0
-mem_density 4 Gb
-bus_freq 800 MHz
-duty_cycle 1.0
-activity_dq 1.0
-activity_ca 0.5
-num_dq 72
-num_dqs 18
-num_ca 25
-num_clk 2
-num_mem_dq 2
-mem_data_width 8
-rtt_value 10000
-ron_value 34
-num_bobs 1
-capacity 80
-num_channels_per_bob 1
-first metric "Cost"
-second metric "Bandwidth"
-third metric "Energy"
-DIMM model "ALL"
-mirror_in_bob "F"
-associativity 1
-read-write port 0
-exclusive read port 1
-exclusive write port 1
-single ended read ports 0
-UCA bank count 1
-technology (u) 0.022
-cache type "ram"
"""


def steps(first, last):
    """Powers of two, and then all of them with the values half-way between."""
    powers = [first << i for i in range(64) if first << i <= last]
    return powers, sorted(powers + [p + p // 2 for p in powers if p + p // 2 <= last])


def grid():
    """The powers of two first, then the rest from small memories to large ones."""
    sizes, all_sizes = steps(SMALLEST, LARGEST)
    widths, all_widths = steps(NARROWEST, WIDEST)
    yield from ((size, width) for size in sizes for width in widths)
    yield from ((size, width) for size in all_sizes for width in all_widths if width % 8 == 0)


def measure_one(cacti, size, width, limit):
    """The words of a point after its size and width; None if it takes too long."""
    # CACTI opens its input by a name relative to its folder.
    with tempfile.NamedTemporaryFile("w", suffix=".cfg", dir=cacti.parent) as config:
        config.write(f"{SETTINGS}-size (bytes) {size}\n-block size (bytes) {width}\n-output/input bus width {width}\n")
        config.flush()
        output = Path(config.name + ".out")
        try:
            subprocess.run([f"./{cacti.name}", "-infile", f"./{Path(config.name).name}"], cwd=cacti.parent, timeout=limit,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            if not output.exists():
                return ["none"]
            names, *_, values = [[word.strip() for word in line.split(",")] for line in output.read_text().splitlines()]
        except subprocess.TimeoutExpired:
            return None
        finally:
            output.unlink(missing_ok=True)
    row = dict(zip(names, values))
    if int(row["Capacity (bytes)"]) != size or int(row["Output width (bits)"]) != width:
        raise SystemExit(f"CACTI answered another question than {size} B, {width} bits: {row}")
    return [row["Dynamic read energy (nJ)"], row["Dynamic write energy (nJ)"], row["Area (mm2)"]]


def read_points(path):
    points = {}
    for line in path.read_text().splitlines() if path.exists() else []:
        size, width, *rest = line.split()
        points[int(size), int(width)] = rest
    return points


def measure(cacti, path, limit):
    known = read_points(path)
    for size, width in grid():
        if (size, width) in known:
            continue
        answer = measure_one(cacti, size, width, limit)
        if answer is not None:
            with path.open("a") as file:
                file.write(" ".join([str(size), str(width), *answer]) + "\n")


def write(points, path):
    known = sorted((*key, *values) for key, values in points.items() if values != ["none"])
    cells = [f"{{{', '.join(map(str, row))}}}," for row in known]
    lines = [" ".join(cells[i:i + 2]) for i in range(0, len(cells), 2)]
    path.write_text("""// Written by tools/make_cacti_table.py from what CACTI 7 prints; the settings and the way to measure are there.
// Why this file is long: a table.
#include "hardware/cacti.h"

namespace millrace::hardware {
namespace {

// clang-format off
constexpr CactiPoint kPoints[] = {
""" + "\n".join(lines) + """
};
// clang-format on

}  // namespace

std::span<const CactiPoint> cactiPoints() { return kPoints; }

}  // namespace millrace::hardware
""")


def power_below(value):
    return 1 << (value.bit_length() - 1)


def estimate(points, size, width):
    """From the powers of two around a point, linear in the logarithms; None if one of them is missing."""
    def corners(value):
        low = power_below(value)
        return [(low, 1.0)] if low == value else [(low, 1 - math.log2(value / low)), (2 * low, math.log2(value / low))]

    sums = [0.0, 0.0, 0.0]
    for corner_size, size_share in corners(size):
        for corner_width, width_share in corners(width):
            values = points.get((corner_size, corner_width), ["none"])
            if values == ["none"]:
                return None
            sums = [s + size_share * width_share * math.log(float(v)) for s, v in zip(sums, values)]
    return [math.exp(s) for s in sums]


def check(points):
    errors = ([], [], [])
    for (size, width), values in points.items():
        if values == ["none"] or power_below(size) == size and power_below(width) == width:
            continue
        for error, guess, value in zip(errors, estimate(points, size, width) or [], values):
            error.append(abs(guess / float(value) - 1))
    for what, error in zip(("read", "write", "area"), errors):
        error.sort()
        print(f"{what}: {len(error)} estimates, off by {100 * error[len(error) // 2]:.1f} % in the middle, "
              f"{100 * error[len(error) * 9 // 10]:.1f} % for nine in ten, {100 * error[-1]:.1f} % at most")


def main():
    words = sys.argv[1:]
    if len(words) in (3, 4) and words[0] == "measure":
        measure(Path(words[1]).resolve(), Path(words[2]), float(words[3]) if len(words) == 4 else 120)
    elif len(words) == 3 and words[0] == "write":
        write(read_points(Path(words[1])), Path(words[2]))
    elif len(words) == 2 and words[0] == "check":
        check(read_points(Path(words[1])))
    else:
        print(__doc__.split("\n\n")[1], file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
