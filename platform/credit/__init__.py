"""Credit of members: kasbon (store credit) and potong gaji (payroll deduction).

This room grants limits, stores PINs, records repayments, writes the deduction files for employers and imports
their answers.
"""
