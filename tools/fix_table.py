#!/usr/bin/env python3
"""What each correction of the cost model changes: the table of docs/differences.md.

    fix_table.py MILLRACE MODEL HARDWARE.yaml[:MAPPING.yaml] ...

Costs the model on each core without corrections, with each one, and with all; prints energy and latency as a table.
"""
import json
import pathlib
import subprocess
import sys

NAMES = ("readback", "ragged", "halo", "loading", "borrowing", "buffering", "shares", "all")


def cost(millrace, model, core, fix):
    hardware, _, mapping = core.partition(":")
    command = [millrace, "cost", model, "--hardware", hardware, "--json", "--quiet"]
    command += ["--mapping", mapping] if mapping else []
    command += ["--fix", fix] if fix else []
    result = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return result["energy_pj"], result["latency_cycles"]


def main():
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    millrace, model, cores = sys.argv[1], sys.argv[2], sys.argv[3:]
    names = [pathlib.Path(core.partition(":")[0]).stem for core in cores]
    print("| `--fix` | " + " | ".join(f"{name}: energy, pJ | cycles" for name in names) + " |")
    print("|---|" + "---:|---:|" * len(cores))
    plain = [cost(millrace, model, core, "") for core in cores]
    print("| none | " + " | ".join(f"{energy:.5e} | {cycles:,.1f}" for energy, cycles in plain) + " |")
    for name in NAMES:
        cells = []
        for core, (energy, cycles) in zip(cores, plain):
            fixed = cost(millrace, model, core, name)
            cells += [f"{100 * (fixed[0] / energy - 1):+.3f} %", f"{100 * (fixed[1] / cycles - 1):+.3f} %"]
        print(f"| `{name}` | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
