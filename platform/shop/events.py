"""Names of the shop's audit actions."""

from typing import Final

ORDER_PLACED: Final = "shop.order_placed"
PAYMENT_CONFIRMED: Final = "shop.payment_confirmed"
HANDED_OVER: Final = "shop.handed_over"
ORDER_CANCELLED: Final = "shop.order_cancelled"
ORDER_RETURNED: Final = "shop.order_returned"
ORDER_EXPIRED: Final = "shop.order_expired"
ORDER_REINSTATED: Final = "shop.order_taken_up_again"
PRODUCT_ADDED: Final = "shop.product_added"
PRODUCT_CHANGED: Final = "shop.product_changed"
PICTURE_CHANGED: Final = "shop.picture_changed"
GOODS_RECEIVED: Final = "shop.goods_received"
STOCK_COUNTED: Final = "shop.stock_counted"
CATEGORY_ADDED: Final = "shop.category_added"
CATEGORY_CHANGED: Final = "shop.category_changed"
