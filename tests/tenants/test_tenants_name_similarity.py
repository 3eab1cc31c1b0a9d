"""Which names wait for an operator, and which do not."""

import pytest

from tenants.name_similarity import CooperativeName, find_similar_name, normalize_name

EXISTING = [
    CooperativeName("melati", "Koperasi Melati"),
    CooperativeName("karangan", "Koperasi Desa Merah Putih Karangan"),
    CooperativeName("sejahtera-bersama", "KPRI Sejahtera Bersama"),
    CooperativeName("ksp", "Koperasi Simpan Pinjam"),
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
    assert find_similar_name(name, "alamat-lain-sama-sekali", EXISTING) == looks_like


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
    assert find_similar_name(name, "alamat-lain-sama-sekali", EXISTING) is None


def test_an_address_that_reads_like_another_waits_too() -> None:
    assert find_similar_name("Koperasi Kenanga", "koperasi-melati", EXISTING) == "Koperasi Melati"


def test_what_a_name_is_known_by_is_never_nothing() -> None:
    assert normalize_name("Koperasi") == "koperasi"
    assert normalize_name("Koperasi Desa Merah Putih") == "desa merah putih"
    assert normalize_name("Koperasi “Tani Makmur”, Unit 3") == "tani makmur 3"
