"""Print the part of `requirements.lock` that Lumbung needs at run time, without test and development tools.

For container images. Run it in the environment that set-up created: it reads the requirements of installed
packages and downloads nothing.
"""

from __future__ import annotations

import re
import sys
import tomllib
from importlib.metadata import requires

from packaging.requirements import Requirement

from setup import ROOT, read_lock


def required_packages() -> set[str]:
    """Return the lock's names of all packages that the project needs at run time on this machine."""
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
    """Whether a requirement applies on this machine to a package with these extras."""
    marker = wanted.marker
    return marker is None or any(marker.evaluate({"extra": extra}) for extra in extras | {""})


def main() -> int:
    entries = read_lock()
    sys.stdout.write("".join(entries[name] for name in sorted(required_packages())))
    return 0


if __name__ == "__main__":
    sys.exit(main())
