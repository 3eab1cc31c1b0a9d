"""Pages of the shop: the window, the cart, checkout and orders for shoppers;
orders and goods for officers.
"""

from typing import Any, Final

from shop import (
    cart_pages,
    change_way_pages,
    checkout_pages,
    counter_pages,
    goods_pages,
    import_pages,
    order_addresses,  # noqa: F401 - the pages of payments lead to those of orders
    order_pages,
    stock_pages,
    storefront_pages,
)

routes: Final[list[Any]] = [
    *storefront_pages.routes,
    *cart_pages.routes,
    *checkout_pages.routes,
    *order_pages.routes,
    *change_way_pages.routes,
    *counter_pages.routes,
    *goods_pages.routes,
    *stock_pages.routes,
    *import_pages.routes,
]
