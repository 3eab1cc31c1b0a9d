"""Routes of savings: the counter, and members' own pages."""

from typing import Any

from savings import counter_pages, member_pages

cooperative_routes: list[Any] = [*counter_pages.routes, *member_pages.routes]
