"""Which names wait for an operator, and which do not."""

import pytest

from tenants.resemblance import Named, plain_name, resembled

THERE = [
    Named("melati", "Koperasi Melati"),
    Named("karangan", "Koperasi Desa Merah Putih Karangan"),
    Named("sejahtera-bersama", "KPRI Sejahtera Bersama"),
    Named("ksp", "Koperasi Simpan Pinjam"),
]


@pytest.mark.parametrize(
    ("name", "looks_like"),
    [
        ("Koperasi Melati", "Koperasi Melati"),
        ("MELATI", "Koperasi Melati"),
        ("Koperasi Mélati", "Koperasi Melati"),
        ("Kop. Me1at1", "Koperasi Melati"),
        ("Koperasi Mеlаti", "Koperasi Melati"),  # two letters are Cyrillic
        ("Mellati", "Koperasi Melati"),
        ("Koperasi Karyawan Melati 2", "Koperasi Melati"),
        ("Kopdes Karangan", "Koperasi Desa Merah Putih Karangan"),
        ("Sejahtera Bersama", "KPRI Sejahtera Bersama"),
        ("Simpan Pinjam", "Koperasi Simpan Pinjam"),
    ],
)
def test_a_name_that_reads_like_another_waits(name: str, looks_like: str) -> None:
    assert resembled(name, "alamat-lain-sama-sekali", THERE) == looks_like


@pytest.mark.parametrize(
    "name",
    [
        "Koperasi Kenanga",
        "Koperasi Desa Merah Putih Sukamaju",
        "Koperasi Karyawan Pabrik Gula",
        "Sejahtera",
        "KSP Harapan Jaya",
    ],
)
def test_a_name_that_only_shares_what_all_of_them_are_called_does_not(name: str) -> None:
    assert resembled(name, "alamat-lain-sama-sekali", THERE) is None


def test_an_address_that_reads_like_another_waits_too() -> None:
    assert resembled("Koperasi Kenanga", "koperasi-melati", THERE) == "Koperasi Melati"


def test_what_a_name_is_known_by_is_never_nothing() -> None:
    assert plain_name("Koperasi") == "koperasi"
    assert plain_name("Koperasi Desa Merah Putih") == "desa merah putih"
    assert plain_name("Koperasi “Tani Makmur”, Unit 3") == "tani makmur 3"
