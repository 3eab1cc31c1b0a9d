"""What the trail says of each action, in a plain sentence: who did it stands beside."""

from __future__ import annotations

from typing import Final

from kernel.errors import Words
from kernel.formats import Lang

SAYS: Final[dict[str, Words]] = {
    "governance.bylaws_adopted": Words("Menetapkan anggaran dasar baru", "Adopted new bylaws"),
    "ledger.entry_recorded": Words("Mencatat pembukuan dengan tangan", "Recorded an entry by hand"),
    "ledger.entry_reversed": Words("Membalik catatan pembukuan", "Reversed an entry"),
    "ledger.year_closed": Words("Menutup tahun buku", "Closed the book year"),
    "members.activated": Words("Memakai kode dan membuat kata sandi", "Used a code and chose a password"),
    "members.admitted": Words("Menerima anggota di loket", "Admitted a member at the counter"),
    "members.applied": Words("Mengajukan permohonan menjadi anggota", "Applied for membership"),
    "members.approved": Words("Menerima permohonan anggota", "Approved an application"),
    "members.code_given": Words("Memberi kode masuk", "Gave a code to sign in with"),
    "members.declined": Words("Menolak permohonan anggota", "Declined an application"),
    "members.import_begun": Words(
        "Mulai memasukkan anggota dari berkas", "Began to import members from a file"
    ),
    "members.imported": Words("Memasukkan daftar anggota dari berkas", "Imported members from a file"),
    "members.password_changed": Words("Mengganti kata sandi sendiri", "Changed their own password"),
    "members.phone_changed": Words("Mengganti nomor HP sendiri", "Changed their own phone number"),
    "members.signed_out_everywhere": Words("Keluar dari semua perangkat", "Signed out everywhere"),
    "office.bylaws_checked": Words(
        "Menyatakan anggaran dasar sudah cocok", "Confirmed that the bylaws are right"
    ),
    "office.logo_changed": Words("Mengganti lambang", "Changed the logo"),
    "office.look_changed": Words("Mengganti tampilan toko", "Changed the look of the shop"),
    "office.officer_appointed": Words("Mengangkat pengurus", "Appointed an officer"),
    "office.officer_dismissed": Words("Memberhentikan pengurus", "Dismissed an officer"),
    "office.profile_changed": Words("Mengubah profil koperasi", "Changed the cooperative's profile"),
    "office.shop_closed": Words("Menutup toko", "Closed the shop"),
    "office.shop_opened": Words("Membuka toko", "Opened the shop"),
    "onboarding.founded": Words("Mendirikan koperasi di Lumbung", "Founded the cooperative on Lumbung"),
    "payments.alarm_settled": Words("Memeriksa peringatan pembayaran", "Looked into an alarm of a payment"),
    "payments.alarmed": Words("Pembayaran perlu diperiksa", "A payment needs to be looked at"),
    "payments.credit_changed": Words(
        "Mengubah batas kasbon atau potong gaji", "Changed what a member may owe"
    ),
    "payments.ended": Words("Pembayaran berakhir tanpa uang", "A payment ended without money"),
    "payments.line_matched": Words("Mencocokkan mutasi rekening", "Matched a line of a statement"),
    "payments.line_set_aside": Words("Menyisihkan mutasi rekening", "Set a line of a statement aside"),
    "payments.opened": Words("Membuka pembayaran", "Opened a payment"),
    "payments.payout_booked": Words("Mencatat pencairan dari penyedia", "Booked a payout of a provider"),
    "payments.payroll_line_settled": Words(
        "Menyelesaikan selisih potong gaji", "Settled a difference of a payroll deduction"
    ),
    "payments.payroll_returned": Words("Mencatat hasil potong gaji", "Booked what the employer deducted"),
    "payments.payroll_sent": Words("Membuat daftar potong gaji", "Made a list of payroll deductions"),
    "payments.pin_set": Words("Membuat PIN kasbon", "Set a PIN for store credit"),
    "payments.refund_asked": Words("Meminta pengembalian uang", "Asked for a refund"),
    "payments.refund_failed": Words("Pengembalian uang gagal", "A refund failed"),
    "payments.refunded": Words("Mengembalikan uang pembayaran", "Gave the money of a payment back"),
    "payments.repaid_at_counter": Words(
        "Menerima pelunasan kasbon di loket", "Took a repayment at the counter"
    ),
    "payments.said_paid": Words("Mengatakan sudah membayar", "Said that they have paid"),
    "payments.settled": Words("Pembayaran diterima", "A payment came in"),
    "payments.statement_imported": Words(
        "Memasukkan mutasi rekening dari berkas", "Imported a statement from a file"
    ),
    "payments.wallet_filled_at_counter": Words(
        "Mengisi dompet anggota di loket", "Filled a wallet at the counter"
    ),
    "payments.way_changed": Words("Mengubah cara membayar", "Changed a way of paying"),
    "savings.deposited": Words("Menerima setoran simpanan", "Took a deposit"),
    "savings.withdrawn": Words("Membayar penarikan simpanan", "Paid out savings"),
    "shop.category_added": Words("Menambah kategori", "Added a category"),
    "shop.category_changed": Words("Mengubah kategori", "Changed a category"),
    "shop.goods_received": Words("Menerima barang masuk", "Received goods"),
    "shop.handed_over": Words("Menyerahkan pesanan", "Handed an order over"),
    "shop.order_cancelled": Words("Membatalkan pesanan", "Cancelled an order"),
    "shop.order_expired": Words("Pesanan kedaluwarsa", "An order expired"),
    "shop.order_placed": Words("Membuat pesanan", "Placed an order"),
    "shop.order_returned": Words("Menerima kembali barang pesanan", "Took an order back"),
    "shop.payment_confirmed": Words("Memastikan pembayaran diterima", "Confirmed a payment"),
    "shop.order_taken_up_again": Words(
        "Pesanan dilanjutkan, uangnya datang terlambat", "Took an order up again: its money came late"
    ),
    "shop.picture_changed": Words("Mengganti gambar barang", "Changed a picture of goods"),
    "shop.product_added": Words("Menambah barang", "Added a product"),
    "shop.product_changed": Words("Mengubah barang", "Changed a product"),
    "shop.products_imported": Words("Memasukkan daftar barang dari berkas", "Imported goods from a file"),
    "shop.sales_import_begun": Words(
        "Mulai memasukkan penjualan lama dari berkas", "Began to import past sales from a file"
    ),
    "shop.sales_imported": Words("Memasukkan penjualan lama dari berkas", "Imported past sales from a file"),
    "shop.stock_counted": Words("Menghitung stok", "Counted the stock"),
    "shu.drafted": Words("Menghitung rancangan SHU", "Drafted the surplus"),
}


def sentence(action: str, lang: Lang) -> str:
    """What was done; an action that this table does not know goes by its name."""
    known = SAYS.get(action)
    return known.worded(lang) if known else action


def about(subject: str, told: str) -> str:
    """What it was done to, as people call it: what was written down, else the number or code in the subject;
    ids tell nobody anything.
    """
    kind, _, which = subject.partition(":")
    if told or kind in ("member", "user"):
        return told
    return which or (subject if subject.isdigit() else "")


def actions_like(words: str, lang: Lang) -> list[str]:
    """The actions whose sentence holds these words."""
    wanted = words.casefold()
    return [action for action, said in SAYS.items() if wanted in said.worded(lang).casefold()]
