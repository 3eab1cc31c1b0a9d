"""Cooperatives with hanging jobs leave a worker thread to the others."""

import dramatiq
import pytest
from dramatiq.brokers.stub import StubBroker
from dramatiq.middleware import SkipMessage

from kernel import thread_quotas
from kernel.thread_quotas import ThreadQuotas


def message(holder: str) -> dramatiq.Message[object]:
    return dramatiq.Message("jobs", "lumbung", (holder,), {}, {})


@pytest.fixture
def broker() -> StubBroker:
    made = StubBroker(middleware=[])
    made.declare_queue("jobs")
    return made


def test_two_cooperatives_that_hang_do_not_take_every_thread(
    broker: StubBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(thread_quotas, "SLOW_SECONDS", 0.0)  # every running job counts as slow
    quotas = ThreadQuotas(4)
    for holder in ("melati", "melati", "mawar"):
        quotas.before_process_message(broker, message(holder))
    for holder in ("melati", "mawar"):
        with pytest.raises(SkipMessage):
            quotas.before_process_message(broker, message(holder))
    quotas.before_process_message(broker, message("kenanga"))  # the thread that was left


def test_quick_jobs_of_one_cooperative_have_all_threads_but_one(broker: StubBroker) -> None:
    quotas = ThreadQuotas(4)
    running = [message("melati") for _ in range(3)]
    for each in running:
        quotas.before_process_message(broker, each)
    quotas.after_process_message(broker, running[0])
    quotas.before_process_message(broker, message("melati"))
