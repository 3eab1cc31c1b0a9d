"""Invented products of a village shop.

Each line is a category with its products: name, unit, cost and price in rupiah, and pieces in stock.
"""

from typing import Final

# Products of both shops.
COMMON: Final = """
Sembako: Beras pandan wangi 5 kg,Karung,68000,74500,36; Beras medium 1 kg,Kg,12800,14000,90; \
Gula pasir 1 kg,Kg,16200,17500,70; \
Tepung terigu 1 kg,Kg,10500,11800,44; Garam dapur 250 g,Bungkus,2400,3000,60; \
Telur ayam 1 kg,Kg,26500,29000,28; Kacang hijau 500 g,Bungkus,11500,13500,22
Minyak: Minyak goreng 1 liter,Botol,17200,18800,64; Minyak goreng 2 liter,Botol,33800,36500,40; \
Mentega 200 g,Bungkus,6200,7200,30; Minyak kelapa 500 ml,Botol,15500,17800,18
Minuman: Teh melati tubruk 50 g,Pak,3400,4200,52; Kopi bubuk giling 165 g,Bungkus,14200,16000,38; \
Air mineral 600 ml,Botol,2300,3000,96; \
Sirup jeruk 460 ml,Botol,17500,20000,20; Susu kental manis 370 g,Kaleng,11200,12500,42; \
Jahe instan isi 10,Pak,12800,15000,24
Makanan: Mi instan rasa soto,Bungkus,2650,3100,160; Mi instan goreng,Bungkus,2750,3200,180; \
Ikan sarden 155 g,Kaleng,8800,10200,36; \
Kecap manis 220 ml,Botol,7900,9200,40; Sambal botol 135 ml,Botol,6700,7900,34; \
Bihun jagung 350 g,Bungkus,6100,7300,26
Snack: Keripik singkong balado,Bungkus,6500,8500,48; Biskuit kelapa 300 g,Bungkus,8600,10000,44; \
Wafer cokelat,Pcs,1600,2000,90; Kacang telur 200 g,Bungkus,8200,10000,30; \
Permen jahe isi 50,Pak,6800,8500,26
Sabun mandi: Sabun mandi sereh,Pcs,3600,4500,70; Sampo lidah buaya 170 ml,Botol,14800,17000,24; \
Pasta gigi 120 g,Pcs,8700,10200,40; Sikat gigi,Pcs,3900,5000,36
Kebersihan: Sabun cuci piring 750 ml,Botol,12400,14200,34; Detergen bubuk 770 g,Bungkus,16300,18500,42; \
Pembersih lantai 770 ml,Botol,10800,12500,26; \
Sapu lidi gagang,Pcs,14000,17500,14; Pewangi pakaian 800 ml,Botol,12900,14800,22
Alat tulis: Buku tulis 38 lembar,Pcs,3100,4000,110; Pulpen hitam,Pcs,1800,2500,90; \
Pensil kayu,Pcs,1500,2000,80; Penghapus,Pcs,1200,2000,60; Kertas HVS A4,Rim,43500,49000,12
"""

MELATI: Final = """
Rumah tangga: Wajan 28 cm,Pcs,58000,68000,8; Ember 16 liter,Pcs,19500,24000,14; \
Lampu LED 9 watt,Pcs,15500,19500,26; Baterai AA isi 2,Pak,8500,10500,30; Korek gas,Pcs,2500,3500,48
Obat: Minyak kayu putih 60 ml,Botol,20500,23500,22; Balsem 20 g,Pcs,7600,9000,26; \
Plester isi 10,Pak,3900,5000,34; Obat nyamuk bakar isi 10,Pak,5200,6500,40
Sayur dan buah: Bawang merah 500 g,Bungkus,15500,18000,20; Bawang putih 500 g,Bungkus,17000,19500,18; \
Kentang 1 kg,Kg,14500,17000,16; Cabai rawit 250 g,Bungkus,11000,13500,12; \
Pisang ambon sisir,Sisir,15000,18500,10
Pakaian: Sandal jepit,Pasang,11500,14500,30; Kaus kaki sekolah,Pasang,9500,12500,24; \
Handuk mandi,Pcs,31000,38000,10; Kain lap isi 3,Pak,8800,11000,22
"""

MAWAR: Final = """
Pupuk: Penyemprot tanaman 2 liter,Pcs,24500,30000,9; Pupuk kompos 5 kg,Karung,17500,21000,30; \
Pupuk NPK 1 kg,Kg,15800,18500,26; Benih kangkung,Bungkus,7500,9500,34; \
Benih cabai rawit,Bungkus,11500,14500,24; Polybag isi 50,Pak,13500,17000,18
Sayur dan buah: Bawang merah 500 g,Bungkus,14800,17500,22; Tomat 1 kg,Kg,9500,12000,14; \
Jagung manis isi 3,Ikat,8500,10500,16; Kelapa tua,Butir,6500,8000,30; Jeruk peras 1 kg,Kg,13000,16000,12
Rumah tangga: Tali tambang 10 m,Gulung,13500,17000,12; Senter isi ulang,Pcs,42000,51000,8; \
Lampu LED 12 watt,Pcs,18500,23000,20; Terpal 2 x 3 m,Lembar,38000,46000,8
Obat: Minyak gosok 30 ml,Botol,13200,15500,24; Oralit isi 5,Pak,4200,5500,30; Kasa gulung,Pcs,4800,6500,20
"""


def format_products_csv(*lists: str) -> str:
    """Return the products as CSV in the format of the product import."""
    rows = ["sku,barcode,name,category,unit,cost,price,stock"]
    at = 0
    for line in "\n".join(lists).strip().splitlines():
        category, _, goods = line.partition(":")
        for each in filter(None, (part.strip() for part in goods.split(";"))):
            at += 1
            name, unit, cost, price, stock = each.split(",")
            rows.append(f"B{at:04d},,{name},{category.strip()},{unit},{cost},{price},{stock}")
    return "\n".join(rows) + "\n"
