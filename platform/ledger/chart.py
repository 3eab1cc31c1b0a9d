"""The accounts that the code itself posts to, by name. The whole chart lies in the cooperative's table ``accounts``."""

from typing import Final

CASH: Final = "1101"
BANK: Final = "1102"
STOCK: Final = "1130"
CUSTOMER_ADVANCES: Final = "2103"
VOLUNTARY_SAVINGS: Final = "2111"
PRINCIPAL_SAVINGS: Final = "3110"
MANDATORY_SAVINGS: Final = "3120"
OPENING_BALANCES: Final = "3190"
MEMBER_SALES: Final = "4101"
MEMBER_RETURNS: Final = "4102"
PUBLIC_SALES: Final = "4201"
MEMBER_COST_OF_SALES: Final = "5101"
PUBLIC_COST_OF_SALES: Final = "5201"
STOCK_DIFFERENCES: Final = "6150"
