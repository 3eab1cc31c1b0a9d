"""The offices of a cooperative, and which officer may issue activation codes to whom."""

from typing import Literal

Office = Literal["ketua", "sekretaris", "bendahara", "kasir"]


def may_issue_code(office: str | None, target_office: str | None) -> bool:
    """Return whether an officer may issue a new activation code to somebody.

    Any officer may issue one to a member. Only the ketua may issue one to another officer: otherwise a kasir
    could take over a higher office. ``target_office`` is None for somebody without an office.
    """
    return target_office is None or office == "ketua"
