# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Prints what sizing costs on one core: one recommendation, and the saved facts of a fleet read and sized anew."""

import argparse
import json
import pathlib
import sys
import time

ROOT = pathlib.Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "collections"))

from ansible_collections.linux_net.socket_memory.plugins.module_utils.facts.assemble import run as gather  # noqa: E402
from ansible_collections.linux_net.socket_memory.plugins.module_utils.report.rows import row  # noqa: E402
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing.profiles import PROFILES  # noqa: E402
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing.recommend import recommend  # noqa: E402

WORKLOAD = {
    "connections": 20000,
    "buffer_bytes": "128KiB",
    "churn": 500,
    "udp_sockets": 100,
    "paths": [{"bandwidth_mbps": "10Gbit/s", "rtt_ms": "20ms"}, {"bandwidth_mbps": "1Gbit/s", "rtt_ms": "80ms"}],
}


def main():
    """Measure CPU time, which a busy machine disturbs least, and print one line for each cost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hosts", type=int, default=10000)
    arguments = parser.parse_args()
    facts = gather({"gather_subset": ["tcp", "udp", "limits", "counters", "findings"]})["ansible_facts"][
        "socket_memory"
    ]
    # Hosts that differ: from 1 GiB to 1 TiB.
    saved = json.dumps(
        {
            "hosts": [
                row("host%d" % number, dict(facts, memory_total=(1 + number % 1024) << 30))
                for number in range(arguments.hosts)
            ]
        }
    )
    for profile in PROFILES:
        workload = dict(WORKLOAD, profile=profile)
        started = time.process_time()
        for _number in range(1000):
            recommend(facts, workload)
        print("%-20s one recommendation %6.3f ms of CPU (shall be below 1)" % (profile, time.process_time() - started))
    started = time.process_time()
    for host in json.loads(saved)["hosts"]:
        recommend(host["socket_memory"], WORKLOAD)
    print(
        "%d hosts from %.0f MiB of saved facts: %.2f s of CPU (shall be below 10 for 10000)"
        % (arguments.hosts, len(saved) / 2.0**20, time.process_time() - started)
    )


if __name__ == "__main__":
    main()
