"""Pages of savings: at the counter, and a member's own."""

from typing import Any

from savings import counter_pages, own_pages

routes: list[Any] = [*counter_pages.routes, *own_pages.routes]
