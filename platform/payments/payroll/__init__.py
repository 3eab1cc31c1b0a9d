"""Deductions from pay (potong gaji): the file that goes to the employer, the answer that comes back, and
every difference until it is settled.
"""
