"""SHU (sisa hasil usaha): the year's surplus, divided by the bylaws to the rupiah, and why each share is what
it is.
"""
