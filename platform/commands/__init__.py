"""The `lumbung` command line: work without a browser, through the same use cases as the pages.

Each module has one command or group, named `command`, and is imported only when it is called, so that
`lumbung --help` is fast. `output` prints and `connect` opens the database; both are free of business logic.
"""
