"""What the trail says of each action, in a plain sentence: who did it stands beside."""

from __future__ import annotations

from typing import Final

from kernel.errors import LocalizedText
from kernel.formats import Lang

ACTION_LABELS: Final[dict[str, LocalizedText]] = {
    "governance.bylaws_adopted": LocalizedText("Menetapkan anggaran dasar baru", "Adopted new bylaws"),
    "ledger.entry_recorded": LocalizedText("Mencatat pembukuan dengan tangan", "Recorded an entry by hand"),
    "ledger.entry_reversed": LocalizedText("Membalik catatan pembukuan", "Reversed an entry"),
    "ledger.year_closed": LocalizedText("Menutup tahun buku", "Closed the book year"),
    "members.activated": LocalizedText(
        "Memakai kode dan membuat kata sandi", "Used a code and chose a password"
    ),
    "members.admitted": LocalizedText("Menerima anggota di loket", "Admitted a member at the counter"),
    "members.applied": LocalizedText("Mengajukan permohonan menjadi anggota", "Applied for membership"),
    "members.approved": LocalizedText("Menerima permohonan anggota", "Approved an application"),
    "members.code_given": LocalizedText("Memberi kode masuk", "Gave a code to sign in with"),
    "members.declined": LocalizedText("Menolak permohonan anggota", "Declined an application"),
    "members.import_begun": LocalizedText(
        "Mulai memasukkan anggota dari berkas", "Began to import members from a file"
    ),
    "members.imported": LocalizedText(
        "Memasukkan daftar anggota dari berkas", "Imported members from a file"
    ),
    "members.password_changed": LocalizedText("Mengganti kata sandi sendiri", "Changed their own password"),
    "members.phone_changed": LocalizedText("Mengganti nomor HP sendiri", "Changed their own phone number"),
    "members.signed_out_everywhere": LocalizedText("Keluar dari semua perangkat", "Signed out everywhere"),
    "office.bylaws_checked": LocalizedText(
        "Menyatakan anggaran dasar sudah cocok", "Confirmed that the bylaws are right"
    ),
    "office.logo_changed": LocalizedText("Mengganti lambang", "Changed the logo"),
    "office.look_changed": LocalizedText("Mengganti tampilan toko", "Changed the look of the shop"),
    "office.officer_appointed": LocalizedText("Mengangkat pengurus", "Appointed an officer"),
    "office.officer_dismissed": LocalizedText("Memberhentikan pengurus", "Dismissed an officer"),
    "office.profile_changed": LocalizedText("Mengubah profil koperasi", "Changed the cooperative's profile"),
    "office.shop_closed": LocalizedText("Menutup toko", "Closed the shop"),
    "office.shop_opened": LocalizedText("Membuka toko", "Opened the shop"),
    "onboarding.founded": LocalizedText(
        "Mendirikan koperasi di Lumbung", "Founded the cooperative on Lumbung"
    ),
    "payments.alarm_settled": LocalizedText(
        "Memeriksa peringatan pembayaran", "Looked into an alarm of a payment"
    ),
    "payments.alarmed": LocalizedText("Pembayaran perlu diperiksa", "A payment needs to be looked at"),
    "payments.credit_changed": LocalizedText(
        "Mengubah batas kasbon atau potong gaji", "Changed what a member may owe"
    ),
    "payments.ended": LocalizedText("Pembayaran berakhir tanpa uang", "A payment ended without money"),
    "payments.line_matched": LocalizedText("Mencocokkan mutasi rekening", "Matched a line of a statement"),
    "payments.line_set_aside": LocalizedText(
        "Menyisihkan mutasi rekening", "Set a line of a statement aside"
    ),
    "payments.opened": LocalizedText("Membuka pembayaran", "Opened a payment"),
    "payments.payout_booked": LocalizedText(
        "Mencatat pencairan dari penyedia", "Booked a payout of a provider"
    ),
    "payments.payroll_line_settled": LocalizedText(
        "Menyelesaikan selisih potong gaji", "Settled a difference of a payroll deduction"
    ),
    "payments.payroll_returned": LocalizedText(
        "Mencatat hasil potong gaji", "Booked what the employer deducted"
    ),
    "payments.payroll_sent": LocalizedText("Membuat daftar potong gaji", "Made a list of payroll deductions"),
    "payments.pin_set": LocalizedText("Membuat PIN kasbon", "Set a PIN for store credit"),
    "payments.refund_asked": LocalizedText("Meminta pengembalian uang", "Asked for a refund"),
    "payments.refund_failed": LocalizedText("Pengembalian uang gagal", "A refund failed"),
    "payments.refunded": LocalizedText("Mengembalikan uang pembayaran", "Gave the money of a payment back"),
    "payments.repaid_at_counter": LocalizedText(
        "Menerima pelunasan kasbon di loket", "Took a repayment at the counter"
    ),
    "payments.said_paid": LocalizedText("Mengatakan sudah membayar", "Said that they have paid"),
    "payments.settled": LocalizedText("Pembayaran diterima", "A payment came in"),
    "payments.statement_imported": LocalizedText(
        "Memasukkan mutasi rekening dari berkas", "Imported a statement from a file"
    ),
    "payments.wallet_filled_at_counter": LocalizedText(
        "Mengisi dompet anggota di loket", "Filled a wallet at the counter"
    ),
    "payments.way_changed": LocalizedText("Mengubah cara membayar", "Changed a way of paying"),
    "savings.deposited": LocalizedText("Menerima setoran simpanan", "Took a deposit"),
    "savings.withdrawn": LocalizedText("Membayar penarikan simpanan", "Paid out savings"),
    "shop.category_added": LocalizedText("Menambah kategori", "Added a category"),
    "shop.category_changed": LocalizedText("Mengubah kategori", "Changed a category"),
    "shop.goods_received": LocalizedText("Menerima barang masuk", "Received goods"),
    "shop.handed_over": LocalizedText("Menyerahkan pesanan", "Handed an order over"),
    "shop.order_cancelled": LocalizedText("Membatalkan pesanan", "Cancelled an order"),
    "shop.order_expired": LocalizedText("Pesanan kedaluwarsa", "An order expired"),
    "shop.order_placed": LocalizedText("Membuat pesanan", "Placed an order"),
    "shop.order_returned": LocalizedText("Menerima kembali barang pesanan", "Took an order back"),
    "shop.payment_confirmed": LocalizedText("Memastikan pembayaran diterima", "Confirmed a payment"),
    "shop.order_taken_up_again": LocalizedText(
        "Pesanan dilanjutkan, uangnya datang terlambat", "Took an order up again: its money came late"
    ),
    "shop.picture_changed": LocalizedText("Mengganti gambar barang", "Changed a picture of goods"),
    "shop.product_added": LocalizedText("Menambah barang", "Added a product"),
    "shop.product_changed": LocalizedText("Mengubah barang", "Changed a product"),
    "shop.products_imported": LocalizedText(
        "Memasukkan daftar barang dari berkas", "Imported goods from a file"
    ),
    "shop.sales_import_begun": LocalizedText(
        "Mulai memasukkan penjualan lama dari berkas", "Began to import past sales from a file"
    ),
    "shop.sales_imported": LocalizedText(
        "Memasukkan penjualan lama dari berkas", "Imported past sales from a file"
    ),
    "shop.stock_counted": LocalizedText("Menghitung stok", "Counted the stock"),
    "shu.drafted": LocalizedText("Menghitung rancangan SHU", "Drafted the surplus"),
}


def get_action_label(action: str, lang: Lang) -> str:
    """What was done; an action that this table does not know goes by its name."""
    known = ACTION_LABELS.get(action)
    return known.localize(lang) if known else action


def describe_subject(subject: str, name: str) -> str:
    """What it was done to, as people call it: what was written down, else the number or code in the subject;
    ids tell nobody anything.
    """
    kind, _, which = subject.partition(":")
    if name or kind in ("member", "user"):
        return name
    return which or (subject if subject.isdigit() else "")


def find_actions(words: str, lang: Lang) -> list[str]:
    """The actions whose sentence holds these words."""
    wanted = words.casefold()
    return [action for action, label in ACTION_LABELS.items() if wanted in label.localize(lang).casefold()]
