"""Credit of members: kasbon (store credit) and potong gaji (payroll deduction).

Grants limits, stores PINs, records repayments and creates the deduction files for employers.
"""
