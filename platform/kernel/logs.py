"""What the processes write down about themselves: one line each for people, one JSON object each in
production.

A traceback never shows the values of variables: a password that somebody just typed is one of them.
"""

import logging

import structlog
from structlog.typing import Processor

from kernel.database_errors import summarize_error, unavailable_reason
from kernel.settings import Settings


def configure(settings: Settings, *, quiet: bool = False) -> None:
    """Set up the logs of this process; called once, where a process begins.

    ``quiet`` leaves out what is no more than news.
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
    """What libraries log, in our own form:
    without it they write tracebacks of many lines beside our lines.
    """

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        fields: dict[str, object] = {"logger": record.name}
        if error is not None and unavailable_reason(error) is not None:
            fields["error"] = summarize_error(error)
        elif error is not None:
            fields["exc_info"] = error
        try:
            structlog.get_logger().log(record.levelno, record.getMessage(), **fields)
        except Exception:  # noqa: BLE001 - as every handler of the standard library
            self.handleError(record)
