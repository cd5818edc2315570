#!/usr/bin/env python3
"""Sums up what ctest wrote with --output-junit.

usage: count_tests.py RESULTS.xml [--strict]

Prints the names of tests that failed or were skipped, the counts that property tests used, and as its last line
`PASSED FAILED SKIPPED`, three numbers. With --strict a skipped test counts as a failed one. A file without tests, or none,
is one failure. Exit code 0 unless the file cannot be read.
"""
import re
import sys
import xml.etree.ElementTree as xml

COUNT = re.compile(r"\[   COUNT  \] (\d+) of (\d+)")


def skip_reason(case):
    """"SKIP_..." if the test said so itself; something else if it could not be run; empty if it ran."""
    skipped = case.find("skipped")
    return "" if skipped is None else skipped.get("message", "")


def main():
    strict = "--strict" in sys.argv[2:]
    try:
        cases = xml.parse(sys.argv[1]).getroot().findall("testcase")
    except (OSError, xml.ParseError) as error:
        print(f"cannot read the results: {error}\n0 1 0")
        return 1
    passed = failed = skipped = 0
    used = whole = counted = 0
    for case in cases:
        name, status = case.get("name"), case.get("status")
        for match in COUNT.finditer(case.findtext("system-out") or ""):
            used, whole, counted = used + int(match.group(1)), whole + int(match.group(2)), counted + 1
        if status == "run":
            passed += 1
        elif not strict and (status == "disabled" or "SKIP" in skip_reason(case)):
            skipped += 1
            print(f"skipped: {name}")
        else:
            failed += 1
            print(f"{'failed' if status == 'fail' else 'did not run'}: {name}")
    if not cases:
        failed = 1
        print("no test was found")
    if counted:
        print(f"counts: {used} of {whole} cases in {counted} property tests")
    print(f"{passed} {failed} {skipped}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
