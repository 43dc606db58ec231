# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The checks of this collection: `nox` runs them all, `nox --list` shows them, `nox -s lint` runs one.

ansible-test works on what users install, the built artifact, not on the checkout; it needs no containers.
"""

from __future__ import annotations

import atexit
import json
import os
import re
import shutil
import zipfile
from collections import Counter
from pathlib import Path

import nox

nox.needs_version = ">=2026.10"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.download_python = "never"
nox.options.error_on_missing_interpreters = False  # in CI too: the summary says what was skipped, and why
REPORT = Path(".nox", "report.json")
nox.options.report = str(REPORT)
nox.options.reuse_venv = "yes"

# The Pythons that each ansible-core runs on, the preferred one first.
PYTHONS = {
    "2.16": ("3.11", "3.12", "3.10"),  # the last ansible-core whose modules run on EL8's Python 3.6
    "2.17": ("3.11", "3.12", "3.10"),
    "2.18": ("3.11", "3.12", "3.13"),
    "2.19": ("3.11", "3.12", "3.13"),
    "2.21": ("3.12", "3.13", "3.14"),
}
HOST_PACKAGES = {"mmdebstrap": "mmdebstrap", "mke2fs": "e2fsprogs", "ssh-keygen": "openssh-client"}
CACHE = Path(".nox", ".cache").absolute()
BUILD = CACHE / "build"
ARTIFACT = BUILD / "ansible_collections" / "linux_net" / "socket_memory"  # ansible-test insists on such a path
HOME = CACHE / "home"

# The caller's shell must not change what is tested.
for name in [name for name in os.environ if name.startswith(("ANSIBLE_", "PYTEST_", "PYTHONPATH"))]:
    del os.environ[name]
os.environ["ANSIBLE_HOME"] = str(CACHE / "ansible")
os.environ["LC_ALL"] = "C.UTF-8"  # Ansible insists on UTF-8

# pyenv's shims stand for every version and then refuse to run most: put the interpreters themselves in their place.
pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
path = [entry for entry in os.environ["PATH"].split(os.pathsep) if Path(entry) != pyenv / "shims"]
os.environ["PATH"] = os.pathsep.join([*path, *map(str, sorted(pyenv.glob("versions/*/bin"), reverse=True))])


def python_for(core: str) -> str:
    """The Python to run an ansible-core on; where none is installed, nox skips and names the preferred one."""
    return next((python for python in PYTHONS[core] if shutil.which(f"python{python}")), PYTHONS[core][0])


def lanes(*names: str):
    """Parametrize a session by ansible-core and the target's Python: the controller's, unless the name says another."""
    params = []
    for name in names:
        core, _, target = name.partition(" with Python ")
        params.append(nox.param(python_for(core), core, target or python_for(core), id=name))
    return nox.parametrize("python, core, target", params)


def ansible_test(session: nox.Session, core: str, target: str, *command: str) -> str:
    """Run ansible-test on the artifact and return what it printed."""
    if not shutil.which(f"python{target}"):
        session.skip(f"Python interpreter {target} not found")
    session.install(f"ansible-core~={core}.0", "pip")  # an environment that uv made has no pip of its own
    # Without one more environment, ansible-test would install pytest into the target's interpreter itself.
    environment = ["--venv"] if target != python_for(core) else []
    with session.chdir(ARTIFACT):
        log = str(
            session.run(
                "ansible-test", *command, *environment, "--python", target, env={"HOME": str(HOME)}, silent=True
            )
        )
    if "All targets skipped" in log:
        session.error("ansible-test found nothing to test, and called that a success")
    return log


@nox.session(python=python_for("2.19"))
def units(session: nox.Session) -> None:
    """Unit tests on the controller's Python, and 20,000 inputs of the fuzzer."""
    session.install("ansible-core~=2.19.0", "jmespath", "pytest")
    session.run("pytest", "tests/unit", "tests/fuzz", *session.posargs)


@nox.session(python=python_for("2.19"))
def lint(session: nox.Session) -> None:
    """ruff's linter and formatter, mypy, the changelog's linter, and ansible-lint, which includes yamllint."""
    session.install(
        "ansible-core~=2.19.0",
        "ansible-lint==26.10.1",
        "antsibull-changelog==0.36.0",
        "mypy==2.4.1",
        "ruff==0.17.6",
        "--requirement=requirements-dev.txt",
    )
    session.run("ruff", "check", "--quiet")
    session.run("ruff", "format", "--check", "--quiet")
    collection = Path("collections", "ansible_collections", "linux_net", "socket_memory")
    session.run("mypy", str(collection / "plugins"), str(collection / "noxfile.py"), silent=True)
    session.run("antsibull-changelog", "lint")
    session.run("ansible-lint", silent=True)


@nox.session(python=python_for("2.19"))
def build(session: nox.Session) -> None:
    """Build the artifact, and install it where ansible-test can work on it."""
    session.install("ansible-core~=2.19.0")
    shutil.rmtree(BUILD, ignore_errors=True)
    galaxy = ("ansible-galaxy", "collection")
    session.run(*galaxy, "build", "--output-path", str(BUILD), silent=True)
    (artifact,) = BUILD.iterdir()
    # Forced, because the checkout already counts as an installation.
    session.run(*galaxy, "install", "--force", "--offline", "-p", str(BUILD), str(artifact), silent=True)
    # ansible-test takes the files that git knows or could add: not those of a folder that an outer .gitignore names.
    session.run("git", "init", "--quiet", str(ARTIFACT), external=True)
    (ARTIFACT / ".git" / "info" / "exclude").write_text("/tests/output/\n", encoding="utf-8")

    # ansible-test keeps its caches in the home directory: give it one of ours. There, pip keeps
    # the caller's settings and talks less.
    scripts = HOME / ".ansible" / "test" / "cache"
    for folder in (scripts, HOME / ".pip"):
        folder.mkdir(parents=True, exist_ok=True)
    for version in ("21_3_1", "23_1_2", "24_2", "25_2"):
        shutil.copy(".ci/get_pip_from_ensurepip.py", scripts / f"get_pip_{version}.py")
    (HOME / ".pip" / "pip.conf").write_text("[global]\nquiet = 1\n", encoding="utf-8")
    if not (HOME / ".config").is_symlink():
        (HOME / ".config").symlink_to(Path.home() / ".config")


@nox.session(requires=["build"])
@lanes("2.16", "2.16 with Python 3.6", "2.19", "2.21")
def sanity(session: nox.Session, core: str, target: str) -> None:
    """ansible-test's sanity checks; on Python 3.6 those of syntax and imports."""
    tests = ["--test", "compile", "--test", "import"] if target != python_for(core) else []
    ansible_test(session, core, target, "sanity", *tests)


@nox.session(requires=["build"])
@lanes("2.16 with Python 3.6", "2.19", "2.21")
def ansible_test_units(session: nox.Session, core: str, target: str) -> None:
    """The unit tests under ansible-test; on Python 3.6 those of modules and module_utils."""
    log = ansible_test(session, core, target, "units", "--requirements")
    for line in re.findall(r"^=+ (.*\bpassed\b.*?) =+$", log, re.MULTILINE):
        session.log(line)


@nox.session
@lanes("2.16", "2.19")
def system(session: nox.Session, core: str, target: str) -> None:
    """The playbooks, as each ansible-core's ansible-playbook runs them."""
    session.install(f"ansible-core~={core}.0", "jmespath", "pytest")
    # What needs a kernel and no Ansible is the same for each of them.
    others = ("connection_cost", "faults", "kill_points", "which_file") if core == "2.16" else ()
    session.run(
        "pytest", "tests/system", *[f"--ignore=tests/system/test_{name}.py" for name in others], *session.posargs
    )


@nox.session
@lanes("2.17", "2.18", "2.21")
def hostile(session: nox.Session, core: str, target: str) -> None:
    """A host that lies, with the ansible-cores that the session system leaves out: each has its own way to tell
    whose text is whose.
    """
    session.install(f"ansible-core~={core}.0", "jmespath", "pytest")
    session.run("pytest", "tests/system/test_hostile_host.py", *session.posargs)


def molecule(session: nox.Session, core: str, scenario: str, packages: dict[str, str], **environment: str) -> str:
    """Run a Molecule scenario and return what it printed. packages: {program: Debian package}."""
    if os.geteuid() != 0:
        session.skip("test hosts need root")
    missing = sorted({package for program, package in packages.items() if not shutil.which(program)})
    if missing and not shutil.which("apt-get"):
        session.skip(f"missing: {', '.join(missing)}")
    if missing:
        for command in (["update"], ["install", "--yes", "--no-install-recommends", *missing]):
            session.run(
                "apt-get", "--quiet", *command, external=True, silent=True, env={"DEBIAN_FRONTEND": "noninteractive"}
            )
    session.install(f"ansible-core~={core}.0", "jmespath", "molecule==26.10.0", "pytest", "pytest-testinfra==10.2.2")
    log = str(
        session.run("molecule", "test", "--scenario-name", scenario, silent=True, env={"NO_COLOR": "1", **environment})
    )
    if "missing=0" not in log:
        session.error("Molecule did not find all playbooks, and called that a success")
    return log


def collections_from_wheel(session: nox.Session, *names: str) -> str:
    """Return a folder with collections that are on PyPI only within the whole of Ansible, 1 MB out of 60."""
    folder = CACHE / "collections"
    if not all((folder / "ansible_collections" / name.replace(".", "/")).exists() for name in names):
        session.run("pip", "download", "--quiet", "--no-deps", "--dest", str(folder), "ansible==12.3.0")
        (wheel,) = folder.glob("ansible-*.whl")
        with zipfile.ZipFile(wheel) as archive:
            wanted = tuple(f"ansible_collections/{name.replace('.', '/')}/" for name in names)
            archive.extractall(folder, [member for member in archive.namelist() if member.startswith(wanted)])
        wheel.unlink()
    return str(folder)


@nox.session
@lanes("2.16")
def containers(session: nox.Session, core: str, target: str) -> None:
    """RHEL-like containers, with podman or Docker."""
    engine = os.environ.get("CONTAINER_ENGINE", "podman")
    packages = dict(
        HOST_PACKAGES, **{"podman": {"podman": "podman", "runc": "runc"}, "docker": {"docker": "docker.io"}}[engine]
    )
    session.install("pip")
    log = molecule(
        session,
        core,
        "default",
        packages,
        EXTRA_COLLECTIONS=collections_from_wheel(session, "containers.podman", "community.docker"),
    )
    for line in re.findall(r"images: .*", log):
        session.log(line)


@nox.session
@lanes("2.16")
def fleet(session: nox.Session, core: str, target: str) -> None:
    """Real kernels. Molecule's own modules run on EL8's Python with ansible-core 2.16 only; ours are driven from the
    newer ones too.
    """
    packages = dict(
        HOST_PACKAGES,
        **{
            "linux.uml": "user-mode-linux",
            "gcc": "gcc",
            "ip": "iproute2",
            "ethtool": "ethtool",
            "nc": "netcat-openbsd",
            "ssh": "openssh-client",
        },
    )
    molecule(
        session,
        core,
        "fleet",
        packages,
        FLEET_CONTROLLERS=os.pathsep.join([session.bin, *controllers(session, "2.19", "2.21")]),
    )


def controllers(session: nox.Session, *cores: str) -> list[str]:
    """Return the folders of the programs of other ansible-cores, each in an environment of its own."""
    folders = []
    for core in cores:
        if not shutil.which(f"python{python_for(core)}"):
            session.log(f"without a controller of ansible-core {core}: Python interpreter {python_for(core)} not found")
            continue
        folder = CACHE / f"controller-{core}"
        session.run(f"python{python_for(core)}", "-m", "venv", str(folder), external=True, silent=True)
        session.run(
            str(folder / "bin" / "pip"),
            "install",
            "--quiet",
            f"ansible-core~={core}.0",
            "jmespath",
            external=True,
            silent=True,
        )
        folders.append(str(folder / "bin"))
    return folders


@nox.session(python=python_for("2.19"), default=False)
def record(session: nox.Session) -> None:
    """Record what the code puts out again, for changes that are meant: see tests/recorded."""
    session.install("ansible-core~=2.19.0", "jmespath", "pytest")
    session.run("python", "tests/recorded/record.py", *session.posargs)


@nox.session(python=python_for("2.19"), default=False)
def benchmark(session: nox.Session) -> None:
    """What sizing costs, what a host costs, as ratios to ping, and within it what the next boot sets."""
    session.install("ansible-core~=2.19.0", "jmespath", "pip")
    session.run("python", "tests/benchmarks/cost_of_sizing.py")
    session.run(
        "python",
        "tests/benchmarks/cost_per_host.py",
        "--collections",
        collections_from_wheel(session, "ansible.posix"),
        *session.posargs,
    )
    session.run("python", "tests/benchmarks/gate_with_window.py")
    session.run("python", "tests/benchmarks/boot_files.py")


@nox.session(python=python_for("2.16"), default=False)
def benchmark_fleet(session: nox.Session) -> None:
    """The same over SSH, on the fleet of real kernels. ansible-core 2.16 is the last whose ping runs on EL8's
    Python.
    """
    session.install("ansible-core~=2.16.0", "jmespath", "pip")
    collections = collections_from_wheel(session, "ansible.posix")
    session.run("python", "tests/hosts/fleet.py", "up", silent=True)
    try:
        session.run(
            "python",
            "tests/benchmarks/cost_per_host.py",
            "--inventory",
            ".cache/hosts/fleet/inventory.json",
            "--forks",
            "5",
            "--collections",
            collections,
            *session.posargs,
        )
    finally:
        session.run("python", "tests/hosts/fleet.py", "down", silent=True)


REPORT.unlink(missing_ok=True)


@atexit.register
def closing_line() -> None:
    """Count the sessions in one plain line below nox's own summary."""
    if REPORT.is_file():
        results = Counter(session["result"] for session in json.loads(REPORT.read_text(encoding="utf-8"))["sessions"])
        failed = results.total() - results["success"] - results["skipped"]
        print(f"{results['success']} passed, {failed} failed, {results['skipped']} skipped")
