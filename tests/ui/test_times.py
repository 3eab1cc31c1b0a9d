"""A moment is shown in the cooperative's time zone."""

from datetime import UTC, datetime

from ui.context import Brand
from ui.themes import get_environment

MOMENT = datetime(2026, 11, 24, 15, 30, tzinfo=UTC)


def test_a_page_writes_times_where_the_cooperative_is() -> None:
    template = get_environment("base", "id").from_string("{{ moment|datetime }}")
    assert (
        template.render(moment=MOMENT, brand=Brand("Jaya", timezone="Asia/Jayapura"))
        == "25 November 2026 00.30 WIT"
    )
    assert template.render(moment=MOMENT, brand=Brand("Jakarta")) == "24 November 2026 22.30 WIB"


def test_a_page_without_a_cooperative_goes_by_jakarta() -> None:
    template = get_environment("base", "en").from_string("{{ moment|datetime }}")
    assert template.render(moment=MOMENT) == "24 November 2026 22:30 WIB"


def test_the_day_of_a_moment_is_the_day_there_and_a_day_stays_what_it_is() -> None:
    template = get_environment("base", "id").from_string("{{ day|date }}")
    assert template.render(day=MOMENT, brand=Brand("Jaya", timezone="Asia/Jayapura")) == "25 November 2026"
    assert template.render(day=MOMENT) == "24 November 2026"
    assert (
        template.render(day=MOMENT.date(), brand=Brand("Jaya", timezone="Asia/Jayapura"))
        == "24 November 2026"
    )
