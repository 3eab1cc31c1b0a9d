"""What the two cooperatives of the template own. All people are invented."""

from datetime import date

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from cooperative.models import Profile
from kernel.ids import new_id
from kernel.money import Rupiah
from kernel.passwords import hash_password
from ledger import Journal, JournalLine, post_journal
from ledger.chart import (
    CASH,
    MANDATORY_SAVINGS,
    OPENING_BALANCES,
    PRINCIPAL_SAVINGS,
    STOCK,
    VOLUNTARY_SAVINGS,
)
from members.models import Member, User
from shop.models import Category, Product, StockMovement

PASSWORD = "padi-di-lumbung-7"
OPENED_ON = date(2026, 1, 1)


async def populate_cooperative(db: AsyncSession, slug: str) -> None:
    """Give a cooperative an account for transfers, two members who can sign in (0001, 0002), and two goods in
    one category, all in balanced books.

    Melati's phones are +6281200000001 and 2, mawar's +6281300000001 and 2.
    """
    await db.execute(
        update(Profile).values(bank_account=f"Bank Contoh 000-111-222 a.n. Koperasi {slug.title()}")
    )
    hashed = await hash_password(PASSWORD)
    prefix = "+628120000000" if slug == "melati" else "+628130000000"
    for at, name in enumerate(("Sari Wulandari", "Budi Hartono"), start=1):
        member = Member(
            id=new_id(),
            number=f"{at:04d}",
            name=f"{name} {slug.title()}",
            sex="P" if at == 1 else "L",
            phone=f"{prefix}{at}",
            status="active",
            joined_on=date(2024, 5, at),
        )
        db.add(member)
        await db.flush()
        db.add(
            User(id=new_id(), name=member.name, phone=member.phone, member_id=member.id, password_hash=hashed)
        )
        lines = [
            (PRINCIPAL_SAVINGS, Rupiah(100_000)),
            (MANDATORY_SAVINGS, Rupiah(240_000 * at)),
            (VOLUNTARY_SAVINGS, Rupiah(500_000)),
        ]
        total = Rupiah.total(amount for _, amount in lines)
        owed = [JournalLine.to_credit(account, amount, member.id) for account, amount in lines]
        await post_journal(
            db,
            Journal(
                OPENED_ON,
                "Saldo awal simpanan",
                f"opening:{member.number}",
                [JournalLine.to_debit(CASH, total), *owed],
            ),
            by="template",
        )
    category = Category(id=new_id(), slug="sembako", name="Sembako", drawing="rice")
    db.add(category)
    await db.flush()
    for sku, name, cost, price, stock in (
        ("BRS5", "Beras 5 kg", 70_000, 75_000, 10),
        ("MYK1", "Minyak 1 L", 16_000, 18_000, 20),
    ):
        product = Product(
            id=new_id(),
            sku=sku,
            name=name,
            category_id=category.id,
            unit="Pcs",
            cost=cost,
            price=price,
            stock=stock,
            stock_value=cost * stock,
        )
        db.add(product)
        await db.flush()
        key = f"opening:{sku}"
        db.add(
            StockMovement(
                product_id=product.id,
                kind="opening",
                quantity=stock,
                value=cost * stock,
                on_date=OPENED_ON,
                source_key=key,
            )
        )
        value = Rupiah(cost * stock)
        await post_journal(
            db,
            Journal(
                OPENED_ON,
                f"Saldo awal {name}",
                key,
                [JournalLine.to_debit(STOCK, value), JournalLine.to_credit(OPENING_BALANCES, value)],
            ),
            by="template",
        )
