"""What the processes write down about themselves: one line each for people, one JSON object each in production.

A traceback never shows the values of variables: a password that somebody just typed is one of them.
"""

import logging

import structlog
from structlog.typing import Processor

from kernel.settings import Settings


def configure(settings: Settings, *, quiet: bool = False) -> None:
    """Set up the logs of this process; called once, where a process begins. ``quiet`` leaves out what is no more than news."""
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
