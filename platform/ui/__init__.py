"""Page rendering: themes, glossary, htmx blocks, forms, and access guards."""

from ui.context import Brand, RequestContext, Viewer, get_context
from ui.dependencies import (
    AnyRequest,
    CurrentBrand,
    CurrentContext,
    CurrentDatabase,
    CurrentTenant,
    CurrentUser,
    Db,
    OptionalUser,
    Ro,
)
from ui.forms import EmptyForm, Form, MobileNumber, read_form
from ui.guards import may, require_member, require_operator
from ui.rendering import cached_fragment, render_page, see_other

__all__ = [
    "AnyRequest",
    "Brand",
    "CurrentBrand",
    "CurrentContext",
    "CurrentDatabase",
    "CurrentTenant",
    "CurrentUser",
    "Db",
    "EmptyForm",
    "Form",
    "MobileNumber",
    "OptionalUser",
    "RequestContext",
    "Ro",
    "Viewer",
    "cached_fragment",
    "get_context",
    "may",
    "read_form",
    "render_page",
    "require_member",
    "require_operator",
    "see_other",
]
