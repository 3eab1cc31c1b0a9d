"""The routes of the shop's pages: storefront, cart, checkout, orders, and the officers' pages."""

from typing import Any, Final

from shop import (
    cart_pages,
    change_method_pages,
    checkout_pages,
    goods_pages,
    import_pages,
    officer_order_pages,
    order_pages,
    order_urls,  # noqa: F401 - the pages of payments lead to those of orders
    stock_pages,
    storefront_pages,
)

cooperative_routes: Final[list[Any]] = [
    *storefront_pages.routes,
    *cart_pages.routes,
    *checkout_pages.routes,
    *order_pages.routes,
    *change_method_pages.routes,
    *officer_order_pages.routes,
    *goods_pages.routes,
    *stock_pages.routes,
    *import_pages.routes,
]
