"""`make demo` again and again while other processes keep all cores busy: `make soak`.

Each run must be as it should be, and have taken as much simulated time and as many writes and
erases of flash as the others under the same runtime: simulated time does not depend on how
fast this computer is (docs/simulator.md). Ends with code 1 otherwise.
"""

import argparse
import os
import re
import subprocess
import sys
from collections import Counter

RUNTIMES = ("cpython", "micropython")
WORKED = re.compile(r"the device worked for .*")
# ends with this program, however that ends
BUSY = "import os; parent = os.getppid()\nwhile os.getppid() == parent: sum(range(100_000))"


def one_run(runtime):
    """(what the device worked, or None if the demo failed; the demo's output)."""
    command = [sys.executable, "-m", "host_tools.demo", "--runtime", runtime]
    done = subprocess.run(command, capture_output=True, text=True)
    worked = WORKED.search(done.stdout)
    good = done.returncode == 0 and worked is not None
    return (worked[0] if good else None), done.stdout + done.stderr


def main():
    """Runs it; 0 if all was well."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=50, help="for each runtime")
    parser.add_argument("--runtime", choices=RUNTIMES, action="append", help="both if not given")
    parser.add_argument("--busy", type=int, default=os.cpu_count(), help="processes that compute")
    options = parser.parse_args()
    others = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(options.busy)]
    all_good = True
    try:
        for runtime in options.runtime or RUNTIMES:
            outcomes = Counter()
            for number in range(1, options.times + 1):
                worked, output = one_run(runtime)
                outcomes[worked or "FAILED"] += 1
                print(f"{runtime} {number}: {worked or 'FAILED'}", flush=True)
                if worked is None:
                    print(output[-3000:], flush=True)
            failed = outcomes["FAILED"]
            print(f"{runtime}: {options.times - failed} of {options.times} were as they should be")
            if len(outcomes - Counter(FAILED=failed)) > 1:
                print(f"{runtime}: the runs differ: {dict(outcomes)}")
                all_good = False
            all_good = all_good and not failed
    finally:
        for other in others:
            other.kill()
    return 0 if all_good else 1


if __name__ == "__main__":
    sys.exit(main())
