"""The `lumbung` command: what people and machines do without a browser, by the same use cases as the pages.

Each module holds one command or group, named `command`, and is imported only when it is called, so that
`lumbung --help` answers at once. `output` prints, `connect` opens the database; neither knows any business.
"""
