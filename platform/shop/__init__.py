"""Goods and orders: what the cooperative sells, what stands on its shelves, and every sale from the cart to
hand-over.

A sale promises stock when it is ordered, takes it when it is handed over, and posts each step through the
books' one door.
"""
