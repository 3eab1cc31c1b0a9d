"""The routes of the pages of this room."""

from typing import Any

from members import application_pages, import_pages, member_pages, register_pages, sign_in_pages

cooperative_routes: list[Any] = [
    *sign_in_pages.routes,
    *application_pages.routes,
    *member_pages.routes,
    *import_pages.routes,
    *register_pages.routes,
]
