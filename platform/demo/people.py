"""Names of invented people.

Any resemblance to real people is accidental; the phone numbers are not assigned to anybody.
"""

from typing import Final

MELATI: Final = """
P Sri Wahyuni|L Agus Setiawan|P Dewi Kartikasari|L Bambang Sutrisno|P Endang Purwanti|L Hendra Wijayanto
P Yuliana Safitri|L Joko Prasetyo
P Ratna Puspitasari|L Eko Nugroho|P Siti Maesaroh|L Dwi Haryanto|P Lilis Suryani|L Rudi Hermawan
P Nining Rahayu|L Slamet Widodo
P Tutik Handayani|L Wahyu Kurniawan|P Murni Astuti|L Teguh Santoso|P Umi Kulsum|L Taufik Hidayatullah
P Wiwin Indarti|L Yanto Subagyo
P Puji Lestari|L Arif Rahmanto|P Kartini Susilo|L Budi Cahyono|P Rina Marlinda|L Dedi Supriyadi
P Nur Azizah|L Gunawan Saputra
P Sulistyowati Ningrum|L Heri Purnomo|P Fitriani Amalia|L Imam Mustofa|P Winarsih Utami|L Kurnia Ramadhan
""".replace("\n", "|").strip("|")

MAWAR: Final = """
P Ni Wayan Sekarini|L I Made Darmawan|P Baiq Nurhasanah|L Lalu Wirajaya|P Ni Kadek Ariani
L I Ketut Suardika|P Rohani Zulfa|L Amaq Sahrul
P Hasnah Mardiana|L I Nyoman Partha|P Inaq Saodah|L Muhammad Rifai|P Ni Luh Purnami|L I Gede Sujana
P Zaenab Fatmawati|L Abdul Karim
P Marlina Safrida|L Sahabudin Noor|P Komang Trisna|L Putu Adnyana|P Hapsah Rahimi|L Mahrip Hasan
P Ni Made Rustini|L I Wayan Lanus
P Sakinah Umami|L Jumahir Saleh|P Raehanun Fitri|L Nengah Sukarta|P Kalsum Hayati|L Suparlan Hadi
P Desak Puspa|L Lalu Hamzah
P Aminah Juliati|L I Komang Yasa|P Mawaddah Sari|L Munawir Haris|P Baiq Suryaningsih|L Ahmad Fauzan
""".replace("\n", "|").strip("|")


def list_people(names: str, phone_prefix: str) -> list[tuple[str, str, str]]:
    """Return (sex, name, phone) of each person; phones count up from the prefix."""
    people = [each.strip().partition(" ") for each in names.split("|")]
    return [(sex, name, f"{phone_prefix}{at:02d}") for at, (sex, _, name) in enumerate(people, start=10)]
