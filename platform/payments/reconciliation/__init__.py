"""What providers say they hold against what the books say they hold, day by day, with every difference
explained or shown.
"""
