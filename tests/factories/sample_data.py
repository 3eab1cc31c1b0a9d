"""Three cooperatives with sample data, created by the real use cases. All people are invented."""

from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

from PIL import Image

from backoffice.update_profile import Appearance, update_appearance
from factories.browser_users import Site
from factories.cooperatives import PASSWORD, populate_cooperative
from kernel import clock
from kernel.actor import VISITOR, Actor
from kernel.database import as_reader
from kernel.ids import new_id
from kernel.money import Rupiah
from members.admit_member import PersonDetails as Applicant
from members.admit_member import apply_for_membership
from onboarding.create_cooperative import NewCooperative, create_cooperative
from operators.add_operator import add_operator
from operators.models import Operator
from savings.record_deposit import record_deposit
from shop.fulfilment import hand_over
from shop.manage_products import set_picture
from shop.place_order import Buyer, Checkout, place_order
from shu.create_draft import create_draft
from tenants.registry import TenantRef, find_tenant_by_slug
from tenants.session import coop_session, owner_session

CHAIR, MAWAR_CHAIR, SARI = "+6289900000000", "+6289900000001", "+6281200000001"
OFFICER = Actor("officer", "Ketua Melati")


@dataclass
class SampleData:
    """What the sample data contain; ids and numbers by the names of path parameters."""

    operator: Operator
    path_values: dict[str, Any] = field(default_factory=dict)


async def build_sample_data(site: Site) -> SampleData:
    """Melati with orders in several statuses, an applicant, a draft of the year, and a picture; mawar and a
    third one in other themes.
    """
    melati = await find_tenant_by_slug(site.database, "melati")
    mawar = await find_tenant_by_slug(site.database, "mawar")
    assert melati is not None
    assert mawar is not None
    sample_data = SampleData(await _make_operator(site))
    await _populate_melati(site, melati, sample_data.path_values)
    await _set_theme(site, mawar, "pesisir")
    founding = NewCooperative(
        "Koperasi Cempaka", "cempaka", "Ketua Cempaka", CHAIR, PASSWORD, "konsumen", "access-cempaka"
    )
    cempaka = (await create_cooperative(site.database, founding)).tenant
    async with coop_session(site.database, cempaka) as db:
        await populate_cooperative(db, "cempaka")
    await _set_theme(site, cempaka, "sawah")
    return sample_data


async def _make_operator(site: Site) -> Operator:
    async with owner_session(site.database) as db:
        return await add_operator(db, name="Wira Adiguna", phone_number="0899-0000-7700", password=PASSWORD)


async def _set_theme(site: Site, tenant: TenantRef, theme: str) -> None:
    async with coop_session(site.database, tenant) as db:
        await update_appearance(db, OFFICER, Appearance(theme, None, None))


async def _populate_melati(site: Site, melati: TenantRef, path_values: dict[str, Any]) -> None:
    today = clock.today()
    year = today.year
    async with coop_session(site.database, melati) as db:
        ro = as_reader(db)
        sari = await ro.value("SELECT id FROM members WHERE number = '0001'")
        oil = await ro.value("SELECT id FROM products WHERE sku = 'MYK1'")
        picture = BytesIO()
        Image.new("RGB", (400, 400), "#d9a441").save(picture, "PNG")
        await set_picture(db, OFFICER, oil, picture.getvalue())
        buyers = (
            (VISITOR, Buyer("Tono Suprapto", "+6281299990009"), "bank_transfer", "delivery"),
            (Actor("member", "Sari"), Buyer("Sari Wulandari Melati", "", sari), "cash", "pickup"),
            (Actor("member", "Sari"), Buyer("Sari Wulandari Melati", "", sari), "savings", "pickup"),
        )
        numbers = []
        for actor, buyer, method, how in buyers:
            checkout = Checkout(
                {oil: 1},
                buyer,
                how,
                method,
                new_id().hex,
                address="Jalan Kenari 4" if how == "delivery" else "",  # type: ignore[arg-type]
            )
            numbers.append((await place_order(db, actor, checkout, on=today)).number)
        await hand_over(db, OFFICER, numbers[1], on=today)
        paid = await record_deposit(
            db,
            OFFICER,
            sari,
            "mandatory",
            Rupiah(20_000),
            "cash",
            on=today,
            today=today,
            key="access-deposit",
        )
        applicant = await apply_for_membership(
            db,
            VISITOR,
            Applicant("Laras Ayuningtyas", "P", "+6281299990010", "Gang Mangga 3"),
            key="access",
            consent="Saya setuju.",
        )
        made = await create_draft(db, OFFICER, year)
        path_values.update(
            member=sari, product=oil, order=numbers[0], done=numbers[1], open=numbers[2], applicant=applicant,
            payment=await ro.value("SELECT reference FROM payments WHERE method = 'bank_transfer' AND status "
                                   "= "
                                   "'awaiting' LIMIT 1"),
            receipt=paid.number, year=year, version=made.version,
            category=await ro.value("SELECT id FROM categories LIMIT 1"),
        )  # fmt: skip
