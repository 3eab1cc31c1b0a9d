"""Each way of paying as its outside world speaks: the only place that knows formats, signatures and amounts
of others.
"""
