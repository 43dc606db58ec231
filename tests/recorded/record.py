# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Records what the collection puts out, one JSON file for each area beside this one.

The unit tests compare the code with these files: what a change of the code changes for users is seen. Where that is
meant, "nox -s record" records anew, and "git diff tests/recorded" shows it to the reviewer.

Where functions move, only the imports of collection.py change. Where facts get another shape, changed_facts.py follows.
"""

from __future__ import annotations

import pathlib
import sys
import time

FOLDER = pathlib.Path(__file__).parent
if __name__ == "__main__":
    sys.path.insert(0, str(FOLDER.parents[1] / "collections"))

from ansible_collections.linux_net.socket_memory.tests.recorded.areas import (  # noqa: E402
    arguments,
    capacity_and_lint,
    dropin,
    facts,
    fleet,
    recommendations,
    refusals,
    verdicts,
)
from ansible_collections.linux_net.socket_memory.tests.recorded.compare import report, text_of  # noqa: E402

# name of the file: what returns {case: output}
AREAS = {
    "arguments": arguments.record,
    "capacity_and_lint": capacity_and_lint.record,
    "dropin": dropin.record,
    "facts": facts.record,
    "fleet": fleet.record,
    "recommendations": recommendations.record,
    "refusals": refusals.record,
    "verdicts": verdicts.record,
}


def file_of(area: str) -> pathlib.Path:
    """Return the file with the recorded outputs of *area*."""
    return FOLDER / f"{area}.json"


def recorded(area: str) -> str:
    """Return the recorded outputs of *area* as text; none where there is no file yet."""
    file = file_of(area)
    return file.read_text(encoding="ascii") if file.exists() else text_of({})


def difference(area: str) -> str | None:
    """Return how the outputs of *area* differ from the recorded ones, for a reader; None where they are the same."""
    return report(f"tests/recorded/{area}.json", recorded(area), text_of(AREAS[area]()))


def main() -> None:
    """Record anew and say what that changed."""
    for area, outputs_of in AREAS.items():
        started = time.process_time()
        outputs = outputs_of()
        seconds = time.process_time() - started
        before, text = recorded(area), text_of(outputs)
        file_of(area).write_text(text, encoding="ascii")
        print(f"{area}: {sum(map(len, outputs.values()))} cases, {len(text) // 1000} kB, {seconds:.1f} s")
        print(report(f"{area}.json", before, text) or "nothing changed")


if __name__ == "__main__":
    main()
