"""Pages of this room, by who comes: to the door, to join, to one's own things, to the register."""

from typing import Any

from members import entry_pages, import_pages, joining_pages, own_pages, register_pages

routes: list[Any] = [
    *entry_pages.routes,
    *joining_pages.routes,
    *own_pages.routes,
    *import_pages.routes,
    *register_pages.routes,
]
