"""Types of the dependencies that handlers declare by name; ``web.apps`` provides them.

async def handler(request: AnyRequest, ro: Ro, viewer: CurrentUser) -> Response[bytes]: ...
"""

from typing import Any

from litestar import Request
from litestar.di import NamedDependency
from sqlalchemy.ext.asyncio import AsyncSession

from kernel.database import Database, Reader
from tenants.registry import TenantRef
from ui.context import Brand, RequestContext, Viewer

AnyRequest = Request[Any, Any, Any]

# db: the request's one write transaction; ro: a read-only one. A handler declares one of them.
Db = NamedDependency[AsyncSession]
Ro = NamedDependency[Reader]
CurrentDatabase = NamedDependency[Database]
CurrentContext = NamedDependency[RequestContext]
CurrentTenant = NamedDependency[TenantRef]
CurrentBrand = NamedDependency[Brand]
CurrentUser = NamedDependency[Viewer]
OptionalUser = NamedDependency[Viewer | None]
