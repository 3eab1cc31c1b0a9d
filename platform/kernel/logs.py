"""Configure logging: one line for each event in development, one JSON object for each in production.

Tracebacks never show the values of variables, which may be passwords.
"""

import logging

import structlog
from structlog.typing import Processor

from kernel.database_errors import summarize_error, unavailable_reason
from kernel.settings import Settings


def configure(settings: Settings, *, quiet: bool = False) -> None:
    """Set up the logging of this process; called once, at the start of a process.

    ``quiet`` hides messages below warning level, unless ``debug`` is set.
    """
    level = logging.DEBUG if settings.debug else logging.WARNING if quiet else logging.INFO
    ending: list[Processor] = (
        [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]
        if settings.is_production
        else [structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)]
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *ending,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(),
        cache_logger_on_first_use=True,
    )
    root = logging.getLogger()
    for handler in [each for each in root.handlers if isinstance(each, _LibraryHandler)]:
        root.removeHandler(handler)
    root.addHandler(_LibraryHandler(logging.WARNING))


class _LibraryHandler(logging.Handler):
    """Logs the records of libraries in our own format, instead of tracebacks of many lines."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        fields: dict[str, object] = {"logger": record.name}
        if error is not None and unavailable_reason(error) is not None:
            fields["error"] = summarize_error(error)
        elif error is not None:
            fields["exc_info"] = error
        try:
            structlog.get_logger().log(record.levelno, record.getMessage(), **fields)
        except Exception:  # noqa: BLE001 - as in the handlers of the standard library
            self.handleError(record)
