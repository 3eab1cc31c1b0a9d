"""Pages of this room, by who comes: to the door, to join, to one's own things, to the register."""

from typing import Any

from members import application_pages, import_pages, member_pages, register_pages, sign_in_pages

cooperative_routes: list[Any] = [
    *sign_in_pages.routes,
    *application_pages.routes,
    *member_pages.routes,
    *import_pages.routes,
    *register_pages.routes,
]
