"""Pin the images in compose.yaml and the Dockerfile by digest: `name:version@sha256:…`.

The digest comes from the registry through Docker, which knows mirrors and credentials. If the registry does
not answer, no file is changed.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

INFRA: Final = Path(__file__).resolve().parent
FILES: Final = (INFRA / "compose.yaml", INFRA / "Dockerfile")
# only references with a version: an image that is built here has none
REFERENCE: Final = re.compile(
    r"(?m)^(\s*image:\s+|FROM\s+)([a-z0-9][a-z0-9./_-]*:[\w.-]+)(?:@sha256:[0-9a-f]{64})?(?=\s|$)"
)
DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")


class NoDigestError(Exception):
    """The registry's digest is not available; the message says why."""


def pin(files: Sequence[Path]) -> dict[str, str]:
    """Pin every image in the files, or change nothing; return the failed images with reasons."""
    texts = {file: file.read_text("utf-8") for file in files}
    images = sorted({found[2] for text in texts.values() for found in REFERENCE.finditer(text)})
    digests, failed = {}, {}
    for image in images:
        try:
            digests[image] = digest_of(image)
        except NoDigestError as error:
            failed[image] = str(error)
    if not failed:
        for file, text in texts.items():
            file.write_text(
                REFERENCE.sub(lambda found: f"{found[1]}{found[2]}@{digests[found[2]]}", text), "utf-8"
            )
    return failed


def digest_of(image: str) -> str:
    """Return the image's digest from the registry. Raises NoDigestError."""
    command = ["docker", "buildx", "imagetools", "inspect", image, "--format", "{{json .Manifest}}"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    except FileNotFoundError:
        raise NoDigestError("docker is not installed") from None
    except subprocess.TimeoutExpired:
        raise NoDigestError("the registry did not answer within a minute") from None
    if done.returncode != 0:
        raise NoDigestError(
            (done.stderr.strip() or done.stdout.strip() or "docker said nothing").splitlines()[-1]
        )
    try:
        digest = str(json.loads(done.stdout)["digest"])
    except (ValueError, KeyError, TypeError):
        digest = ""
    if not DIGEST.fullmatch(digest):
        raise NoDigestError("docker named no digest")
    return digest


def main() -> int:
    failed = pin(FILES)
    for image, reason in failed.items():
        print(f"{image}: {reason}", file=sys.stderr)
    if failed:
        print("Nothing was changed.", file=sys.stderr)
        return 1
    print("Every image is pinned. Look at the difference, then commit it.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
