# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""RHEL-like containers for tests, with podman, or Docker by CONTAINER_ENGINE=docker.

    containers.py up        start them; writes .cache/hosts/containers/inventory.json for Ansible
    containers.py down      remove them

The images are the public ones. Where they cannot be pulled, one made of Debian packages and dressed as Oracle Linux 8
stands in for them, and the output says so.
"""

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys

import images

ENGINE = os.environ.get("CONTAINER_ENGINE", "podman")
CONNECTIONS = {"podman": "containers.podman.podman", "docker": "community.docker.docker"}
INVENTORY = images.CACHE / "containers" / "inventory.json"
PREFIX = "socket-memory-"
LOCAL_IMAGE = "localhost/socket-memory-%s"
LIMITS = (
    "--ulimit",
    "nofile=1024:1024",
    "--ulimit",
    "nproc=1024:1024",
)  # podman's own are more than a nested machine may give
PULL_TIMEOUT = 300  # seconds for an image; a registry that is out of reach says so at once, or within the first of them
EL8, LATER = "/usr/libexec/platform-python", "/usr/bin/python3"
# name: image, the kind that stands in for it, its Python, whether it is privileged
PLATFORMS = {
    "oraclelinux8": ("docker.io/library/oraclelinux:8", "el8", EL8, False),
    "oraclelinux8-privileged": ("docker.io/library/oraclelinux:8", "el8", EL8, True),
    "rockylinux8": ("docker.io/rockylinux/rockylinux:8", "el8", EL8, False),
    "ubi8-init": ("docker.io/redhat/ubi8-init:latest", "el8", EL8, False),
    "oraclelinux9": ("docker.io/library/oraclelinux:9", "debian", LATER, False),
    "oraclelinux10": ("docker.io/library/oraclelinux:10", "debian", LATER, True),
}


def up():
    """Start all containers. Raises HostError; then none is left."""
    images.require({ENGINE: {"podman": "podman", "docker": "docker.io"}.get(ENGINE, ENGINE)})
    if ENGINE not in CONNECTIONS:
        raise images.HostError("CONTAINER_ENGINE is %r, expected one of %s." % (ENGINE, ", ".join(CONNECTIONS)))
    if _existing():
        raise images.HostError(
            "Containers of an earlier run are there: %s. Remove them first: containers.py down" % ", ".join(_existing())
        )
    public = all(_pull(image) for image in sorted({platform[0] for platform in PLATFORMS.values()}))
    print(
        "images: %s"
        % (
            "the public ones"
            if public
            else "no registry can be reached, made here of Debian packages and dressed as Oracle Linux 8"
        )
    )
    try:
        hosts = {}
        for name, (image, kind, python, privileged) in PLATFORMS.items():
            if not public:
                image = _local_image(kind)
            options = ["--privileged"] if privileged else []
            images.run(
                ENGINE,
                *_runtime(),
                "run",
                "--detach",
                "--name",
                PREFIX + name,
                "--hostname",
                name,
                "--network",
                "none",
                *LIMITS,
                *options,
                image,
                "sleep",
                "infinity",
            )
            hosts[PREFIX + name] = {"ansible_python_interpreter": python, "privileged": privileged}
        variables = {"ansible_connection": CONNECTIONS[ENGINE], "images": "public" if public else "local"}
        INVENTORY.parent.mkdir(parents=True, exist_ok=True)
        INVENTORY.write_text(
            json.dumps({"all": {"vars": variables, "children": {"containers": {"hosts": hosts}}}}, indent=1) + "\n"
        )
    except BaseException:
        down()
        raise


def down():
    """Remove all containers of this scenario. Says nothing where there is none."""
    if shutil.which(ENGINE):
        for name in _existing():
            images.run(ENGINE, "rm", "--force", "--volumes", name)
    with contextlib.suppress(FileNotFoundError):
        INVENTORY.unlink()


def _existing():
    """Return the names of the containers that are there, running or not."""
    names = images.run(ENGINE, "ps", "--all", "--format", "{{.Names}}").split()
    return [name for name in names if name.startswith(PREFIX)]


def _runtime():
    """Return the option for runc, where it is: crun refuses a machine that mixes both versions of cgroups."""
    return ["--runtime", shutil.which("runc")] if ENGINE == "podman" and shutil.which("runc") else []


def _pull(image):
    """Return whether *image* is here or could be pulled."""
    if (
        subprocess.run(
            [ENGINE, "image", "inspect", image], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False
        ).returncode
        == 0
    ):
        return True
    try:
        command = [ENGINE, "pull", "--quiet", image]
        return (
            subprocess.run(
                command, timeout=PULL_TIMEOUT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False
            ).returncode
            == 0
        )
    except subprocess.TimeoutExpired:
        return False


def _local_image(kind):
    """Return the name of the image made of the archive of *kind*."""
    archive = images.archive(kind)
    name = "%s:%s" % (LOCAL_IMAGE % kind, archive.stem.rpartition("-")[2])
    if subprocess.run(
        [ENGINE, "image", "inspect", name], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False
    ).returncode:
        images.run(ENGINE, "import", str(archive), name)
    return name


def main():
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", choices=["up", "down"])
    {"up": up, "down": down}[parser.parse_args().action]()


if __name__ == "__main__":
    try:
        main()
    except images.HostError as error:
        sys.exit("containers.py: %s" % error)
