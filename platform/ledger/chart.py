"""The account codes that the code itself posts to.

The whole chart of accounts is in each cooperative's table ``accounts``.
"""

from typing import Final, Literal

CASH: Final = "1101"
BANK: Final = "1102"
GATEWAYS: Final = "1103"
STRIPE: Final = "1105"
MIDTRANS: Final = "1106"
XENDIT: Final = "1107"
MEMBER_RECEIVABLES: Final = "1110"
PAYROLL_RECEIVABLES: Final = "1112"
STOCK: Final = "1130"
TRADE_PAYABLES: Final = "2101"
CUSTOMER_ADVANCES: Final = "2103"
WALLETS: Final = "2104"
OWED_TO_PAYERS: Final = "2105"
VOLUNTARY_SAVINGS: Final = "2111"
PRINCIPAL_SAVINGS: Final = "3110"
MANDATORY_SAVINGS: Final = "3120"
OPENING_BALANCES: Final = "3190"
MEMBER_SALES: Final = "4101"
MEMBER_RETURNS: Final = "4102"
PUBLIC_SALES: Final = "4201"
PUBLIC_RETURNS: Final = "4202"
MEMBER_COST_OF_SALES: Final = "5101"
PUBLIC_COST_OF_SALES: Final = "5201"
GATEWAY_FEES: Final = "6140"
STOCK_DIFFERENCES: Final = "6150"
OTHER_INCOME: Final = "8110"

# Money that is available at once: cash, bank, and payouts that a payment gateway has not sent yet.
CASH_EQUIVALENT_ACCOUNTS: Final = frozenset({CASH, BANK, GATEWAYS, STRIPE, MIDTRANS, XENDIT})

# How money is received and paid at the counter.
CounterMethod = Literal["cash", "bank"]
COUNTER_METHOD_ACCOUNTS: Final[dict[CounterMethod, str]] = {"cash": CASH, "bank": BANK}
