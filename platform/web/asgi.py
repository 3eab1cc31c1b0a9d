"""The application that a server runs: ``granian --interface asgi web.asgi:app``."""

from web.doors import Doors

app = Doors()
