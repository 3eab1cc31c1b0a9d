"""Cooperatives whose jobs hang leave a thread of the worker to everybody else."""

import dramatiq
import pytest
from dramatiq.brokers.stub import StubBroker
from dramatiq.middleware import SkipMessage

from kernel import thread_shares
from kernel.thread_shares import ThreadShares


def message(whom: str) -> dramatiq.Message[object]:
    return dramatiq.Message("jobs", "lumbung", (whom,), {}, {})


@pytest.fixture
def broker() -> StubBroker:
    made = StubBroker(middleware=[])
    made.declare_queue("jobs")
    return made


def test_two_cooperatives_that_hang_do_not_take_every_thread(
    broker: StubBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(thread_shares, "SLOW_SECONDS", 0.0)  # whatever runs is taken for slow
    shares = ThreadShares(4)
    for whom in ("melati", "melati", "mawar"):
        shares.before_process_message(broker, message(whom))
    for whom in ("melati", "mawar"):
        with pytest.raises(SkipMessage):
            shares.before_process_message(broker, message(whom))
    shares.before_process_message(broker, message("kenanga"))  # the thread that was left


def test_quick_jobs_of_one_cooperative_have_all_threads_but_one(broker: StubBroker) -> None:
    shares = ThreadShares(4)
    running = [message("melati") for _ in range(3)]
    for each in running:
        shares.before_process_message(broker, each)
    shares.after_process_message(broker, running[0])
    shares.before_process_message(broker, message("melati"))
