"""How every page is made: themes, words, blocks for htmx, forms, and who may see what."""

from ui.forms import Form, Mobile, Nothing, read_form
from ui.guards import member, officer, operator
from ui.needs import AnyRequest, Db, MaybeViewer, Ro, TheBrand, TheDatabase, TheTenant, TheViewer, TheVisit
from ui.rendering import page, see_other, shared_part
from ui.viewer import Brand, Viewer, Visit, visit_of

__all__ = [
    "AnyRequest",
    "Brand",
    "Db",
    "Form",
    "MaybeViewer",
    "Mobile",
    "Nothing",
    "Ro",
    "TheBrand",
    "TheDatabase",
    "TheTenant",
    "TheViewer",
    "TheVisit",
    "Viewer",
    "Visit",
    "member",
    "officer",
    "operator",
    "page",
    "read_form",
    "see_other",
    "shared_part",
    "visit_of",
]
