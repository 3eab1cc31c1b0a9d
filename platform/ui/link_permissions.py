"""Which permission the page behind a link asks for, so that a page offers nothing that would be refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from litestar.routes import HTTPRoute

if TYPE_CHECKING:
    from litestar import Litestar, Request

    from ui.context import Viewer

_ANY: Final = None  # a path parameter
_Pattern = tuple[str | None, ...]


def build_link_permissions(app: Litestar) -> dict[tuple[str, int], list[tuple[_Pattern, str]]]:
    """Return the permissions of an application's routes by method and number of path segments.

    Patterns with fewer parameters come first, so that ``/barang/baru`` is found before ``/barang/{id}``.
    """
    found: dict[tuple[str, int], list[tuple[_Pattern, str]]] = {}
    for route in app.routes:
        if not isinstance(route, HTTPRoute):
            continue
        pattern = tuple(part if isinstance(part, str) else _ANY for part in route.path_components)
        for method, (handler, _) in route.route_handler_map.items():
            for guard in handler.resolve_guards():
                code = getattr(getattr(guard, "func", guard), "permission", None)
                if code is not None:
                    found.setdefault((str(method), len(pattern)), []).append((pattern, code))
    for patterns in found.values():
        patterns.sort(key=lambda each: each[0].count(_ANY))
    return found


def may_open(request: Request[Any, Any, Any], viewer: Viewer | None, href: str, method: str = "GET") -> bool:
    """Return whether this viewer may open a link or send a form; True for what asks for no permission."""
    path = href.partition("?")[0].partition("#")[0]
    if not path.startswith("/pengurus"):
        return True
    permissions = request.app.state.get("link_permissions")
    if permissions is None:
        permissions = request.app.state["link_permissions"] = build_link_permissions(request.app)
    segments = tuple(path.strip("/").split("/"))
    for pattern, code in permissions.get((method, len(segments)), ()):
        if all(part is _ANY or part == segment for part, segment in zip(pattern, segments, strict=True)):
            return viewer is not None and viewer.may(code)
    return True
