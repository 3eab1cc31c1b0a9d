"""Print the part of `requirements.lock` that running Lumbung needs, for images: no test tools, no type
checker, no browser driver.

Run it by the environment that set-up made: what the project needs is read from the installed packages, so
nothing is fetched.
"""

from __future__ import annotations

import re
import sys
import tomllib
from importlib.metadata import requires

from packaging.requirements import Requirement

from setup import ROOT, read_lock


def required_packages() -> set[str]:
    """Names, as the lock spells them, of everything that the project imports to run on this machine."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    waiting = [each for each in map(Requirement, project["dependencies"]) if applies(each)]
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        wanted = waiting.pop()
        name, extras = re.sub(r"[-_.]+", "-", wanted.name).lower(), frozenset(wanted.extras)
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        waiting += [each for each in map(Requirement, requires(name) or []) if applies(each, extras)]
    return {name for name, _ in seen}


def applies(wanted: Requirement, extras: frozenset[str] = frozenset()) -> bool:
    """Whether a requirement holds on this machine, for a package that was asked for with these extras."""
    marker = wanted.marker
    return marker is None or any(marker.evaluate({"extra": extra}) for extra in extras | {""})


def main() -> int:
    entries = read_lock()
    sys.stdout.write("".join(entries[name] for name in sorted(required_packages())))
    return 0


if __name__ == "__main__":
    sys.exit(main())
