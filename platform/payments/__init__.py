"""Ways of paying, and the one state machine of a payment: cash, transfer, QRIS, gateways, savings, wallet,
kasbon, payroll.

A room above says what is paid for (``payments.purposes``) and opens a payment (``payments.open_payment``);
money comes in by a verified event, a status read or a named officer (``payments.state_machine``), and never
passes through the platform's account.
"""
