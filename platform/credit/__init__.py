"""Credit of members: kasbon (store credit) and potong gaji (payroll deduction).

It grants limits, keeps PINs, takes repayments and makes the files that employers deduct by.
"""
