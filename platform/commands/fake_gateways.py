"""Start the demo's fake gateways in a separate process, so that the demo needs no internet.

Production, and settings that name other fake gateways, start none.
"""

import os
import select
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Final

import msgspec

from commands.processes import ProcessGroup
from kernel.settings import Settings, load, variable_name

PROCESS_NAME: Final = "fakes"
FOLDER: Final = Path(__file__).resolve().parents[1]
READY_TIMEOUT_SECONDS: Final = 20.0
SETTING: Final = variable_name("fake_gateways")
BILLING_SETTINGS: Final = ("billing_stripe_key", "billing_stripe_webhook_secret", "billing_bank_account")


class _ReadyMessage(msgspec.Struct, frozen=True):
    """The line that the process prints when it accepts connections."""

    setting: str = msgspec.field(name=SETTING)


def should_start(settings: Settings) -> bool:
    """Whether to start fake gateways: not in production, and not if the settings name others."""
    return not settings.is_production and not settings.fake_gateways


def start(processes: ProcessGroup) -> subprocess.Popen[bytes]:
    """Start the fake gateways without waiting for them; they end with this process."""
    command = [sys.executable, "-m", "fakes", "--with-parent"]
    return processes.start_piped(PROCESS_NAME, command, FOLDER, os.environ | {"PYTHONPATH": str(FOLDER)})


def with_fake_gateways(
    settings: Settings, processes: ProcessGroup, process: subprocess.Popen[bytes]
) -> Settings:
    """Wait for the fake gateways and return the settings with their addresses.

    If they do not start, kills their process and returns the settings unchanged.
    """
    values = _read_ready_message(process)
    if values is None:
        processes.kill(PROCESS_NAME)
        return settings
    return _with_billing(replace(settings, fake_gateways=load({SETTING: values}).fake_gateways))


def child_environment(settings: Settings) -> dict[str, str]:
    """Return the environment variables that tell web and worker about the fake gateways."""
    values = {SETTING: ",".join(f"{service}={address}" for service, address in settings.fake_gateways)}
    values |= {variable_name(name): getattr(settings, name) for name in BILLING_SETTINGS}
    return {name: value for name, value in values.items() if value}


def _with_billing(settings: Settings) -> Settings:
    """Add the platform's account at the fake Stripe and an invented bank account, so that plans can be paid.

    If any of these settings is configured, all of them stay as they are.
    """
    from demo import gateways

    if any(getattr(settings, name) for name in BILLING_SETTINGS):
        return settings
    return replace(
        settings,
        billing_stripe_key=gateways.PLATFORM_KEY,
        billing_stripe_webhook_secret=gateways.PLATFORM_SECRET,
        billing_bank_account=gateways.PLATFORM_ACCOUNT,
    )


def _read_ready_message(process: subprocess.Popen[bytes]) -> str | None:
    assert process.stdout is not None
    deadline, line = time.monotonic() + READY_TIMEOUT_SECONDS, b""
    while not line.endswith(b"\n"):
        ready, _, _ = select.select([process.stdout], [], [], max(0, deadline - time.monotonic()))
        part = os.read(process.stdout.fileno(), 4096) if ready else b""
        if not part:
            return None
        line += part
    try:
        return msgspec.json.decode(line, type=_ReadyMessage).setting
    except msgspec.DecodeError:
        return None
