"""The offices of a cooperative, and what their holders may do to one another."""

from typing import Literal

Office = Literal["ketua", "sekretaris", "bendahara", "manajer", "kasir", "pengawas"]


def may_issue_code(office: str | None, target_office: str | None) -> bool:
    """Return whether an officer may issue a new activation code.

    Members get one from an officer with the permission. A fellow officer gets one from the ketua alone:
    otherwise a kasir could take over a higher office. ``target_office`` is None without an office.
    """
    return target_office is None or office == "ketua"
