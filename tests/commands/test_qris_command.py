"""`lumbung qris`, in a process of its own and without a database."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from factories.qris_codes import static_qris, tlv

PLATFORM = Path(__file__).parents[2] / "platform"


def lumbung(*arguments: str, **environment: str) -> tuple[int, str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("LUMBUNG_")}
    nowhere = {
        "LUMBUNG_DATABASE_URL": "postgresql://lumbung:x@127.0.0.1:9/lumbung",
        "PYTHONPATH": str(PLATFORM),
    }
    done = subprocess.run(
        [sys.executable, "-m", "commands.main", "qris", *arguments],
        capture_output=True,
        encoding="utf-8",
        check=False,
        env=clean | nowhere | {"PYTHONIOENCODING": "utf-8"} | environment,
    )
    return done.returncode, done.stdout, done.stderr


def test_the_new_payload_is_printed_and_nothing_else() -> None:
    status, out, complaints = lumbung(
        "dynamic", "--payload", static_qris(), "--amount", "25000", "--reference", "KOP-A-INV-1"
    )
    assert (status, complaints) == (0, "")
    assert out.startswith("000201010212")
    assert out.count("\n") == 1
    assert "540525000" in out
    assert "62150511KOP-A-INV-16304" in out
    assert (
        lumbung("dynamic", "--payload", static_qris(), "--amount", "25.000", "--reference", "KOP-A-INV-1")[1]
        == out
    )
    status, out, _ = lumbung("read", out.strip(), "--json")
    assert status == 0
    read = json.loads(out)
    assert (read["kind"], read["amount"], read["reference"]) == ("dynamic", 25_000, "KOP-A-INV-1")


def test_the_parts_are_printed_for_machines_and_for_people() -> None:
    payload = static_qris(t59="TOKO [bold]", t62=tlv("07", "A01"), t91="lain")
    status, out, complaints = lumbung("read", payload, "--json")
    assert (status, complaints) == (0, "")
    read = json.loads(out)
    assert (read["kind"], read["merchant"], read["city"], read["nmid"]) == (
        "static",
        "TOKO [bold]",
        "BANTUL",
        "ID1020304050607",
    )
    assert (read["amount"], read["reference"], read["asks_tip_or_fee"]) == (None, None, False)
    assert [account["tag"] for account in read["accounts"]] == ["26", "51"]
    assert read["extra"] == {"07": "A01"}
    assert "".join(tlv(tag, value) for tag, value in read["parts"].items()) == payload
    status, out, _ = lumbung("read", payload)
    assert status == 0
    for seen in ("TOKO [bold]", "ID1020304050607", "BANTUL"):
        assert seen in out


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("read", ""), "The QRIS text is empty."),
        (("read", "https://example.test"), "This is no QRIS text"),
        (("read", static_qris()[:-4] + "0000", "--json"), "The check code of the QRIS does not match"),
        (
            ("dynamic", "--payload", static_qris()[:-4] + "0000", "--amount", "1"),
            "The check code of the QRIS does not match",
        ),
        (
            ("dynamic", "--payload", static_qris(), "--amount", "0"),
            "A QRIS payment must be from Rp1 to Rp10,000,000, not Rp0.",
        ),
        (("dynamic", "--payload", static_qris(), "--amount", "10000001"), "A QRIS payment must be from Rp1"),
        (("dynamic", "--payload", static_qris(), "--amount", "1.5"), "“1.5” is not an amount in rupiah."),
        (("dynamic", "--payload", static_qris(), "--amount", "-5"), "The amount cannot be below zero"),
        (
            ("dynamic", "--payload", static_qris(), "--amount", "5", "--reference", "x" * 26),
            "A QRIS reference must be 1 to 25",
        ),
    ],
)
def test_a_mistake_is_one_sentence_and_a_failure(arguments: tuple[str, ...], expected: str) -> None:
    status, out, complaints = lumbung(*arguments)
    assert (status, out) == (1, "")
    assert expected in complaints
    assert complaints.count("\n") == 1


def test_the_sentence_is_indonesian_for_those_who_ask_for_it() -> None:
    assert "Teks QRIS masih kosong" in lumbung("read", "", LUMBUNG_LANG="id")[2]
