"""What a handler may ask for by name; the doors provide it (web/apps.py).

async def handler(request: AnyRequest, ro: Ro, viewer: TheViewer) -> Response[bytes]: ...
"""

from typing import Any

from litestar import Request
from litestar.di import NamedDependency
from sqlalchemy.ext.asyncio import AsyncSession

from kernel.database import Database, Reader
from tenants.registry import TenantRef
from ui.viewer import Brand, Viewer, Visit

AnyRequest = Request[Any, Any, Any]

# db: the request's one write transaction; ro: a read-only one. A handler asks for one of them.
Db = NamedDependency[AsyncSession]
Ro = NamedDependency[Reader]
TheDatabase = NamedDependency[Database]
TheVisit = NamedDependency[Visit]
TheTenant = NamedDependency[TenantRef]
TheBrand = NamedDependency[Brand]
TheViewer = NamedDependency[Viewer]
MaybeViewer = NamedDependency[Viewer | None]
