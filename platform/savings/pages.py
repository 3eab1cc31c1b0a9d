"""Pages of savings: at the counter, and a member's own."""

from typing import Any

from savings import counter_pages, member_pages

cooperative_routes: list[Any] = [*counter_pages.routes, *member_pages.routes]
