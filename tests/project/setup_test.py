#!/usr/bin/env python3
"""scripts/setup with a false package system, so that nothing is installed; and the scripts' usage."""
import subprocess
import unittest

from tree import ROOT, tree

# A system that has the packages listed in `have`, and writes down what is done to it.
DPKG = '#!/bin/bash\nfor p in "${@:3}"; do if grep -qx "$p" "$HERE/have"; then echo "installed $p"; else code=1; fi; done; exit ${code:-0}\n'
APT = '#!/bin/bash\necho "apt-get $*" >>"$HERE/log"\n[ "${@: -1}" != update ] || exit ${UPDATE_CODE:-0}\n'
SUDO = '#!/bin/bash\necho "sudo $1" >>"$HERE/log"\n[ "$1" = -n ] && shift\nexec "$@"\n'
ALL = ("g++ cmake ninja-build pkg-config protobuf-compiler libprotobuf-dev libyaml-cpp-dev nlohmann-json3-dev "
       "libcli11-dev libfmt-dev libcairo2-dev zlib1g-dev coinor-cbc fonts-dejavu-core").split()


class Setup(unittest.TestCase):
    def setup_script(self, have, arguments=(), user=0, sudo=True, update_code=0):
        """-> exit code, what was printed, what was done."""
        files = {"have": "\n".join(have) + "\n", "bin/dpkg-query": DPKG, "bin/apt-get": APT,
                 "bin/id": f"#!/bin/sh\necho {user}\n"}
        if sudo:
            files["bin/sudo"] = SUDO
        with tree(files) as root:
            for tool in (root / "bin").iterdir():
                tool.chmod(0o755)
            for tool in ("bash", "grep", "env", "cat"):
                (root / "bin" / tool).symlink_to(f"/bin/{tool}")
            environment = {"PATH": str(root / "bin"), "HERE": str(root), "UPDATE_CODE": str(update_code)}
            result = subprocess.run([str(ROOT / "scripts/setup"), *arguments], env=environment, text=True, cwd="/",
                                    stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            log = root / "log"
            return result.returncode, result.stdout, log.read_text() if log.exists() else ""

    def test_nothing_missing(self):
        self.assertEqual(self.setup_script(ALL), (0, "", ""))

    def test_installs_only_what_is_missing(self):
        code, out, log = self.setup_script([p for p in ALL if p not in ("libfmt-dev", "g++")])
        self.assertEqual(code, 0, out)
        self.assertRegex(log, r"apt-get .*update\napt-get .*install -y --no-install-recommends g\+\+ libfmt-dev\n$")

    def test_development_packages(self):
        code, out, log = self.setup_script(ALL + ["python3"], ["--dev"])
        self.assertEqual(code, 0, out)
        for package in ("libgtest-dev", "libgmock-dev", "libbenchmark-dev", "libonnx-dev", "libonnx-testdata", "libclang-rt-14-dev", "clang-tidy"):
            self.assertIn(package, log)
        self.assertNotIn("python3", log)

    def test_stale_package_lists_do_not_stop_it(self):
        code, _, log = self.setup_script(ALL[1:], update_code=100)
        self.assertEqual(code, 0)
        self.assertIn("install", log)

    def test_users_go_through_sudo_without_questions(self):
        code, _, log = self.setup_script(ALL[1:], user=1000)
        self.assertEqual(code, 0)
        self.assertEqual(log.count("sudo -n\n"), 2)

    def test_neither_root_nor_sudo(self):
        code, out, log = self.setup_script(ALL[1:], user=1000, sudo=False)
        self.assertEqual((code, log), (1, ""))
        self.assertIn("apt-get install g++", out)

    def test_usage(self):
        for script in ("setup", "test"):
            result = subprocess.run([str(ROOT / "scripts" / script), "--nosuch"], capture_output=True, text=True)
            self.assertEqual(result.returncode, 2)
            self.assertIn("usage: scripts/" + script, result.stderr)


if __name__ == "__main__":
    unittest.main()
