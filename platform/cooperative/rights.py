"""What each office of a cooperative may do: one table of permissions and the offices that hold them.

Whoever is not named does not hold a permission. A cooperative's ketua may take a permission from an office
(``office_restrictions``); nothing gives one beyond this table.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, Literal, get_args

import msgspec

from cooperative.offices import Office
from kernel.errors import LocalizedText

PermissionCode = Literal[
    "office.view",
    "members.view",
    "members.admit",
    "members.issue_code",
    "members.import",
    "savings.view",
    "savings.deposit",
    "savings.withdraw",
    "orders.view",
    "orders.fulfil",
    "orders.cancel",
    "goods.view",
    "goods.edit",
    "goods.receive",
    "goods.count",
    "goods.import",
    "payments.view",
    "payments.confirm",
    "payments.resolve",
    "payments.refund",
    "payments.configure",
    "banking.view",
    "banking.reconcile",
    "credit.view",
    "credit.collect",
    "credit.set_limits",
    "credit.run_payroll",
    "ledger.view",
    "ledger.post",
    "ledger.reverse",
    "ledger.close",
    "bylaws.view",
    "bylaws.adopt",
    "shu.view",
    "shu.draft",
    "settings.view",
    "settings.edit",
    "officers.view",
    "officers.appoint",
    "rights.narrow",
    "subscription.view",
    "subscription.change",
    "audit_log.view",
]

OFFICES: Final[tuple[Office, ...]] = get_args(Office)
OFFICE_NAMES: Final[Mapping[Office, LocalizedText]] = {
    "ketua": LocalizedText("Ketua"),
    "sekretaris": LocalizedText("Sekretaris"),
    "bendahara": LocalizedText("Bendahara"),
    "manajer": LocalizedText("Manajer"),
    "kasir": LocalizedText("Kasir"),
    "pengawas": LocalizedText("Pengawas"),
}


def _offices(*names: Office) -> frozenset[Office]:
    return frozenset(names)


_BOARD: Final = _offices("ketua", "sekretaris", "bendahara")
_MONEY: Final = _offices("ketua", "bendahara")
_TREASURY: Final = _MONEY | _offices("manajer")
_COUNTER: Final = _TREASURY | _offices("kasir")
_STAFF: Final = _BOARD | _offices("manajer")
_READERS: Final = _STAFF | _offices("pengawas")
_EVERYBODY: Final = _READERS | _offices("kasir")


class Permission(msgspec.Struct, frozen=True):
    """One thing that an officer may do, and the offices that may do it.

    ``reads``: it changes nothing, so a pengawas may hold it (UU 25/1992 Art. 39: pengawas oversee, they do
    not manage).
    """

    label: LocalizedText
    offices: frozenset[Office]
    reads: bool = False


PERMISSIONS: Final[Mapping[PermissionCode, Permission]] = {
    "office.view": Permission(LocalizedText("Membuka halaman Hari ini"), _EVERYBODY, reads=True),
    "members.view": Permission(LocalizedText("Melihat daftar anggota"), _EVERYBODY, reads=True),
    "members.admit": Permission(LocalizedText("Menambah, menerima, dan menolak calon anggota"), _STAFF),
    "members.issue_code": Permission(LocalizedText("Memberi kode aktivasi"), _STAFF),
    "members.import": Permission(LocalizedText("Mengimpor anggota dan saldo awalnya"), _STAFF),
    "savings.view": Permission(LocalizedText("Melihat simpanan anggota"), _EVERYBODY, reads=True),
    "savings.deposit": Permission(LocalizedText("Mencatat setoran simpanan"), _COUNTER),
    "savings.withdraw": Permission(LocalizedText("Mencatat penarikan simpanan"), _COUNTER),
    "orders.view": Permission(LocalizedText("Melihat pesanan"), _EVERYBODY, reads=True),
    "orders.fulfil": Permission(LocalizedText("Menyerahkan pesanan dan menerima uangnya"), _COUNTER | _STAFF),
    "orders.cancel": Permission(LocalizedText("Membatalkan dan menerima kembali pesanan"), _COUNTER),
    "goods.view": Permission(LocalizedText("Melihat barang dan stok"), _EVERYBODY, reads=True),
    "goods.edit": Permission(LocalizedText("Menambah dan mengubah barang, harga, dan kategori"), _STAFF),
    "goods.receive": Permission(LocalizedText("Mencatat barang masuk"), _TREASURY),
    "goods.count": Permission(
        LocalizedText("Menghitung stok", context="cooperative.rights"), _COUNTER | _STAFF
    ),
    "goods.import": Permission(LocalizedText("Mengimpor barang dan penjualan lama"), _TREASURY),
    "payments.view": Permission(LocalizedText("Melihat pembayaran"), _EVERYBODY, reads=True),
    "payments.confirm": Permission(LocalizedText("Menyatakan transfer dan QRIS sudah masuk"), _COUNTER),
    "payments.resolve": Permission(LocalizedText("Menyelesaikan pembayaran yang perlu diperiksa"), _TREASURY),
    "payments.refund": Permission(LocalizedText("Mengembalikan uang pembeli"), _TREASURY),
    "payments.configure": Permission(LocalizedText("Mengatur cara bayar, rekening, dan kuncinya"), _MONEY),
    "banking.view": Permission(LocalizedText("Melihat mutasi dan pencocokan bank"), _READERS, reads=True),
    "banking.reconcile": Permission(LocalizedText("Mencocokkan mutasi dan mencatat pencairan"), _TREASURY),
    "credit.view": Permission(LocalizedText("Melihat kasbon dan potong gaji"), _EVERYBODY, reads=True),
    "credit.collect": Permission(LocalizedText("Mencatat pelunasan kasbon dan isi dompet"), _COUNTER),
    "credit.set_limits": Permission(LocalizedText("Menetapkan batas kasbon anggota"), _TREASURY),
    "credit.run_payroll": Permission(LocalizedText("Membuat dan mencatat potong gaji"), _TREASURY),
    "ledger.view": Permission(LocalizedText("Melihat dan mengunduh buku"), _READERS, reads=True),
    "ledger.post": Permission(LocalizedText("Mencatat pengeluaran dan pendapatan"), _TREASURY),
    "ledger.reverse": Permission(LocalizedText("Membalik jurnal"), _MONEY),
    "ledger.close": Permission(LocalizedText("Menutup tahun buku", context="cooperative.rights"), _MONEY),
    "bylaws.view": Permission(LocalizedText("Melihat versi anggaran dasar"), _EVERYBODY, reads=True),
    "bylaws.adopt": Permission(LocalizedText("Menetapkan anggaran dasar"), _offices("ketua", "sekretaris")),
    "shu.view": Permission(LocalizedText("Melihat rancangan SHU"), _READERS, reads=True),
    "shu.draft": Permission(LocalizedText("Menghitung rancangan SHU", context="cooperative.rights"), _MONEY),
    "settings.view": Permission(LocalizedText("Melihat pengaturan"), _READERS, reads=True),
    "settings.edit": Permission(LocalizedText("Mengubah profil, tampilan, dan buka-tutup toko"), _STAFF),
    "officers.view": Permission(LocalizedText("Melihat daftar pengurus dan haknya"), _READERS, reads=True),
    "officers.appoint": Permission(
        LocalizedText("Mengangkat dan memberhentikan pengurus"), _offices("ketua")
    ),
    "rights.narrow": Permission(LocalizedText("Membatasi hak pengurus lain"), _offices("ketua")),
    "subscription.view": Permission(LocalizedText("Melihat langganan dan tagihan"), _READERS, reads=True),
    "subscription.change": Permission(LocalizedText("Mengganti dan membayar paket"), _MONEY),
    "audit_log.view": Permission(LocalizedText("Melihat riwayat kegiatan"), _READERS, reads=True),
}


def list_permissions(office: str | None, restrictions: Iterable[str] = ()) -> frozenset[str]:
    """Return the codes of what an office may do, without those that the cooperative took from it.

    Nobody and an unknown office may do nothing. A ketua cannot be restricted: somebody must be able to give
    back what was taken.
    """
    held = {code for code, permission in PERMISSIONS.items() if office in permission.offices}
    return frozenset(held if office == "ketua" else held.difference(restrictions))
