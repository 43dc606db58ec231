# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stand-in for the get-pip.py that ansible-test downloads to make its virtual environments.

That download comes from a host of the Ansible project. Where only a package index can be reached, behind a proxy or
a mirror, ansible-test would not run at all; but Python brings a pip of its own, which can install the one wanted.
"""

import ensurepip
import glob
import os
import sys

sys.path.insert(0, glob.glob(os.path.join(os.path.dirname(ensurepip.__file__), "_bundled", "pip-*.whl"))[0])
try:
    from pip._internal.cli.main import main
except ImportError:  # the pip of Python 3.6
    from pip._internal import main

# ansible-test passes options that only get-pip.py knows.
arguments = [argument for argument in sys.argv[1:] if argument not in ("--no-setuptools", "--no-wheel")]
sys.exit(main(["install", "--force-reinstall"] + arguments))
