"""Labels of audited actions. The page shows the actor separately."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from kernel.errors import LocalizedText
from kernel.formats import Lang

ACTION_LABELS: Final[dict[str, LocalizedText]] = {
    "governance.bylaws_adopted": LocalizedText("Menetapkan anggaran dasar baru"),
    "ledger.entry_recorded": LocalizedText("Mencatat pembukuan dengan tangan"),
    "ledger.entry_reversed": LocalizedText("Membalik catatan pembukuan"),
    "ledger.year_closed": LocalizedText("Menutup tahun buku"),
    "members.activated": LocalizedText("Memakai kode dan membuat kata sandi"),
    "members.admitted": LocalizedText("Menerima anggota di loket"),
    "members.applied": LocalizedText("Mengajukan permohonan menjadi anggota"),
    "members.approved": LocalizedText("Menerima permohonan anggota"),
    "members.code_given": LocalizedText("Memberi kode masuk"),
    "members.declined": LocalizedText("Menolak permohonan anggota"),
    "members.import_begun": LocalizedText("Mulai memasukkan anggota dari berkas"),
    "members.imported": LocalizedText("Memasukkan daftar anggota dari berkas"),
    "members.password_changed": LocalizedText("Mengganti kata sandi sendiri"),
    "members.phone_changed": LocalizedText("Mengganti nomor HP sendiri"),
    "members.signed_out_everywhere": LocalizedText(
        "Keluar dari semua perangkat", context="backoffice.audit_log_labels"
    ),
    "office.bylaws_checked": LocalizedText("Menyatakan anggaran dasar sudah cocok"),
    "office.logo_changed": LocalizedText("Mengganti lambang"),
    "office.look_changed": LocalizedText("Mengganti tampilan toko"),
    "office.officer_appointed": LocalizedText("Mengangkat pengurus"),
    "office.officer_dismissed": LocalizedText("Memberhentikan pengurus"),
    "office.profile_changed": LocalizedText("Mengubah profil koperasi"),
    "office.shop_closed": LocalizedText("Menutup toko"),
    "office.shop_opened": LocalizedText("Membuka toko"),
    "onboarding.founded": LocalizedText("Mendirikan koperasi di Lumbung"),
    "payments.alarm_settled": LocalizedText("Memeriksa peringatan pembayaran"),
    "payments.alarmed": LocalizedText("Pembayaran perlu diperiksa"),
    "payments.credit_changed": LocalizedText("Mengubah batas kasbon atau potong gaji"),
    "payments.ended": LocalizedText("Pembayaran berakhir tanpa uang"),
    "payments.line_matched": LocalizedText("Mencocokkan mutasi rekening"),
    "payments.line_set_aside": LocalizedText("Menyisihkan mutasi rekening"),
    "payments.opened": LocalizedText("Membuka pembayaran"),
    "payments.payout_booked": LocalizedText("Mencatat pencairan dari penyedia"),
    "payments.payroll_line_settled": LocalizedText("Menyelesaikan selisih potong gaji"),
    "payments.payroll_returned": LocalizedText("Mencatat hasil potong gaji"),
    "payments.payroll_sent": LocalizedText("Membuat daftar potong gaji"),
    "payments.pin_set": LocalizedText("Membuat PIN kasbon"),
    "payments.refund_asked": LocalizedText("Meminta pengembalian uang"),
    "payments.refund_failed": LocalizedText("Pengembalian uang gagal"),
    "payments.refunded": LocalizedText("Mengembalikan uang pembayaran"),
    "payments.repaid_at_counter": LocalizedText("Menerima pelunasan kasbon di loket"),
    "payments.said_paid": LocalizedText("Mengatakan sudah membayar"),
    "payments.settled": LocalizedText("Pembayaran diterima"),
    "payments.statement_imported": LocalizedText("Memasukkan mutasi rekening dari berkas"),
    "payments.wallet_filled_at_counter": LocalizedText("Mengisi dompet anggota di loket"),
    "payments.way_changed": LocalizedText("Mengubah cara membayar"),
    "savings.deposited": LocalizedText("Menerima setoran simpanan"),
    "rights.given_back": LocalizedText("Mengembalikan hak suatu jabatan"),
    "rights.taken": LocalizedText("Membatasi hak suatu jabatan"),
    "savings.withdrawn": LocalizedText("Membayar penarikan simpanan"),
    "shop.category_added": LocalizedText("Menambah kategori"),
    "shop.category_changed": LocalizedText("Mengubah kategori"),
    "shop.goods_received": LocalizedText("Menerima barang masuk"),
    "shop.handed_over": LocalizedText("Menyerahkan pesanan"),
    "shop.order_cancelled": LocalizedText("Membatalkan pesanan"),
    "shop.order_expired": LocalizedText("Pesanan kedaluwarsa"),
    "shop.order_placed": LocalizedText("Membuat pesanan"),
    "shop.order_returned": LocalizedText("Menerima kembali barang pesanan"),
    "shop.payment_confirmed": LocalizedText("Memastikan pembayaran diterima"),
    "shop.order_taken_up_again": LocalizedText("Pesanan dilanjutkan, uangnya datang terlambat"),
    "shop.picture_changed": LocalizedText("Mengganti gambar barang"),
    "shop.product_added": LocalizedText("Menambah barang"),
    "shop.product_changed": LocalizedText("Mengubah barang"),
    "shop.products_imported": LocalizedText("Memasukkan daftar barang dari berkas"),
    "shop.sales_import_begun": LocalizedText("Mulai memasukkan penjualan lama dari berkas"),
    "shop.sales_imported": LocalizedText("Memasukkan penjualan lama dari berkas"),
    "shop.stock_counted": LocalizedText("Menghitung stok"),
    "shu.drafted": LocalizedText("Menghitung rancangan SHU"),
}


def get_action_label(action: str, lang: Lang) -> str:
    """Return the label of an action; an unknown action is shown by its code."""
    known = ACTION_LABELS.get(action)
    return known.localize(lang) if known else action


def describe_subject(subject: str, name: str) -> str:
    """Return the subject of an audit entry in words.

    The stored name if there is one, else the number or code in ``subject``; ids of people are not shown.
    """
    kind, _, which = subject.partition(":")
    if name or kind in ("member", "user"):
        return name
    return which or (subject if subject.isdigit() else "")


def find_codes(labels: Mapping[str, LocalizedText], words: str, lang: Lang) -> list[str]:
    """Return the codes whose label contains ``words``; none for no words."""
    wanted = words.casefold()
    return [code for code, label in labels.items() if wanted and wanted in label.localize(lang).casefold()]
