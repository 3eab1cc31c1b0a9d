"""The application that a server runs: ``granian --interface asgi web.asgi:app``."""

from kernel import logs
from kernel.settings import load
from web.doors import Doors

settings = load()
logs.configure(settings)
app = Doors(settings)
