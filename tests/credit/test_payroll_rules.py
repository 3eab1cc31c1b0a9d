"""Matching the lines of an employer's answer to members without losing a rupiah; and both files as
spreadsheets change them.
"""

import csv
import io
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit.payroll_files import COLUMNS, parse_return, write_batch_file
from credit.payroll_rules import (
    DUPLICATE_NOTE,
    DeductionOutcome,
    DeductionRequest,
    ReturnRow,
    allowed_decisions,
    classify_outcome,
    match_return,
)
from kernel.errors import DomainError
from kernel.money import Rupiah


def asked(n: int, amount: int = 50_000, *, owed: int | None = None, payroll: str = "") -> DeductionRequest:
    return DeductionRequest(
        member_id=UUID(int=n),
        member_number=f"{n:04d}",
        payroll_number=payroll or f"P-{n}",
        name=f"Anggota {n}",
        requested=Rupiah(amount),
        owed=Rupiah(amount if owed is None else owed),
    )


def row(taken: int, *, line: int = 2, member: str = "", payroll: str = "", note: str = "") -> ReturnRow:
    return ReturnRow(
        line=line,
        member_number=member,
        payroll_number=payroll,
        name="Anggota",
        deducted=Rupiah(taken),
        note=note,
    )


@pytest.mark.parametrize(
    ("rows", "taken", "booked", "why", "expected"),
    [
        ([row(50_000, payroll="P-1")], 50_000, 50_000, DeductionOutcome.EQUAL, ""),
        ([row(30_000, member="0001", note="cuti")], 30_000, 30_000, DeductionOutcome.LESS, "cuti"),
        ([row(0, payroll="p-1", note="sudah berhenti")], 0, 0, DeductionOutcome.NONE, "sudah berhenti"),
        ([], 0, 0, DeductionOutcome.MISSING, ""),
        ([row(80_000, payroll="P-1")], 80_000, 50_000, DeductionOutcome.MORE, ""),
        (
            [row(50_000, payroll="P-1"), row(50_000, line=3, payroll="P-1")],
            100_000,
            50_000,
            DeductionOutcome.MORE,
            DUPLICATE_NOTE,
        ),
        (
            [row(20_000, payroll="P-1"), row(30_000, line=3, member="1")],
            50_000,
            50_000,
            DeductionOutcome.EQUAL,
            DUPLICATE_NOTE,
        ),
    ],
)
def test_what_came_of_a_line(
    rows: list[ReturnRow], taken: int, booked: int, why: DeductionOutcome, expected: str
) -> None:
    plan = match_return([asked(1), asked(2)], [*rows, row(50_000, line=9, payroll="P-2")])
    result = plan.results[0]
    assert (result.deducted, result.applied, result.outcome, result.remark) == (taken, booked, why, expected)
    assert result.settled == (why is DeductionOutcome.EQUAL)
    assert plan.unmatched == ()


def test_no_more_is_paid_off_than_is_owed_now() -> None:
    (result,) = match_return([asked(1, owed=20_000)], [row(50_000, payroll="P-1")]).results
    assert (result.applied, result.excess, result.outcome) == (20_000, 30_000, DeductionOutcome.MORE)
    (nothing,) = match_return([asked(1, owed=0)], []).results
    assert nothing.settled


def test_numbers_are_found_as_spreadsheets_leave_them() -> None:
    people = [asked(1, payroll="007"), asked(2, payroll="0815")]
    plan = match_return(people, [row(50_000, payroll="7"), row(50_000, line=3, member="2")])
    assert [each.outcome for each in plan.results] == [DeductionOutcome.EQUAL, DeductionOutcome.EQUAL]
    twins = [asked(1, payroll="07"), asked(2, payroll="7")]
    plan = match_return(twins, [row(50_000, payroll="07")])
    assert [each.deducted for each in plan.results] == [50_000, 0]
    assert match_return(twins, [row(50_000, payroll="007")]).unmatched[0].amount == 50_000


def test_a_line_that_names_two_people_is_nobodys_and_one_without_money_is_left_out() -> None:
    plan = match_return(
        [asked(1), asked(2)], [row(10, payroll="P-1", member="0002"), row(0, line=3, payroll="P-9")]
    )
    assert [(each.line, each.amount) for each in plan.unmatched] == [(2, 10)]
    assert plan.excess == 10


def test_too_little_and_too_much_are_decided_differently() -> None:
    assert allowed_decisions(DeductionOutcome.EQUAL) == ()
    assert (
        allowed_decisions(classify_outcome(50, 30, 30, named=True))
        == allowed_decisions(classify_outcome(50, 0, 0, named=False))
        == ("carry", "kasbon")
    )
    assert allowed_decisions(classify_outcome(50, 60, 50, named=True)) == ("wallet", "bank")


def test_whatever_an_employer_writes_a_line_that_is_there_was_not_left_out() -> None:
    (result,) = match_return([asked(1)], [row(0, payroll="P-1", note="tidak ada di berkas")]).results
    assert result.outcome is DeductionOutcome.NONE


people = st.lists(st.tuples(st.integers(1, 90_000), st.integers(0, 90_000)), min_size=1, max_size=6)
answers = st.lists(
    st.tuples(
        st.integers(0, 90_000),
        st.sampled_from(("P-1", "P-2", "P-3", "p-9", "")),
        st.sampled_from(("1", "0002", "77", "")),
    ),
    max_size=10,
)


@given(people, answers)
def test_every_rupiah_pays_off_a_debt_or_waits_for_its_owner(
    sums: list[tuple[int, int]], answer: list[tuple[int, str, str]]
) -> None:
    plan = match_return(
        [asked(n, amount, owed=owed) for n, (amount, owed) in enumerate(sums, 1)],
        [
            row(taken, line=at, payroll=payroll, member=member)
            for at, (taken, payroll, member) in enumerate(answer, 2)
        ],
    )
    assert plan.total == sum(taken for taken, _, _ in answer)
    assert plan.excess == sum(each.excess for each in plan.results) + sum(
        each.amount for each in plan.unmatched
    )
    for each in plan.results:
        assert 0 <= each.applied <= min(each.deducted, each.request.requested, each.request.owed)


def test_the_file_out_cannot_run_in_a_spreadsheet_and_comes_back_as_it_was_meant() -> None:
    person = DeductionRequest(
        member_id=UUID(int=1),
        member_number="0001",
        payroll_number="+62-1",
        name='=HYPERLINK("http://x.invalid","Sari")',
        requested=Rupiah(50_000),
        owed=Rupiah(50_000),
    )
    text = write_batch_file([person])
    (head, line) = csv.reader(io.StringIO(text.removeprefix("\ufeff")), delimiter=";")
    assert tuple(head) == COLUMNS
    assert head == ["nomor anggota", "nomor pegawai", "nama", "jumlah", "dipotong", "keterangan"]
    assert line[1].startswith("'+")
    assert line[2].startswith("'=")
    answered = text.replace("50000;;", "50000;50000;")
    for content in (answered, answered.replace(";", ",")):
        plan = match_return([person], parse_return(content.encode()).rows)
        assert plan.results[0].outcome is DeductionOutcome.EQUAL


@pytest.mark.parametrize(
    "text",
    [
        "nomor pegawai,dipotong\nP-1,50000\n",
        "Dipotong;Nomor Anggota\r\n50.000;1\r\n",
        'sep=;\n"nomor pegawai";"dipotong";"keterangan"\n"P-1";"Rp 50.000";""\n',
        "nomor anggota,nomor pegawai,nama,jumlah,dipotong,keterangan\n0001,P-1,Anggota,50000,50000,\n",
    ],
)
def test_an_answer_needs_what_was_taken_and_one_number(text: str) -> None:
    answer = parse_return(text)
    assert not answer.bad_lines
    assert match_return([asked(1)], answer.rows).results[0].outcome is DeductionOutcome.EQUAL


def test_lines_that_cannot_be_read_are_told_with_their_reasons() -> None:
    answer = parse_return(
        "nomor anggota,nomor pegawai,dipotong,keterangan\n,,5,\n1,,,\n1,,,berhenti\n1,,abc,\n1,,-5,\n1,,\n"
    )
    assert [(each.line, each.reason.code) for each in answer.bad_lines] == [
        (2, "payments.return_line_has_no_number"),
        (3, "payments.return_line_is_empty"),
        (5, "kernel.in_column"),
        (6, "kernel.in_column"),
        (7, "kernel.csv_wrong_number_of_cells"),
    ]
    assert [(each.deducted, each.note) for each in answer.rows] == [(0, "berhenti")]
    with pytest.raises(DomainError, match="lacks these columns"):
        parse_return("nomor pegawai,jumlah\nP-1,5\n")
    with pytest.raises(DomainError, match="lacks these columns"):
        parse_return("nama,jumlah\nSari,5\n")
