"""The application that a server runs: ``granian --interface asgi web.asgi:app``."""

from kernel import logs
from kernel.process_services import build_services
from kernel.settings import load
from web.dispatch import HostDispatcher

settings = load()
logs.configure(settings)
# pages never create or alter tables, so they need no owner
app = HostDispatcher(settings, build_services(None, settings).main_database)
