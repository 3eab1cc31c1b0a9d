"""The application that a server runs: ``granian --interface asgi web.asgi:app``."""

from kernel import logs
from kernel.settings import load
from web.dispatch import HostDispatcher

settings = load()
logs.configure(settings)
app = HostDispatcher(settings)
