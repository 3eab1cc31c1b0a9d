"""The doors: from a host name to the application behind it, and from any failure to a page that says what to
do.
"""
