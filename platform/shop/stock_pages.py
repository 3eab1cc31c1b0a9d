"""Pages on which officers receive goods, count stock and manage categories."""

from typing import Any, Final
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from kernel import formats
from kernel.database import Reader, as_reader
from kernel.ids import new_id
from kernel.translations import get_translations
from shop import adjust_stock, errors, goods_queries, manage_products
from shop.forms import CategoryForm, CountForm, ReceiveGoodsForm
from shop.goods_pages import HOME, require_product
from shop.goods_queries import ProductView
from shop.presenters import get_local_date
from ui import (
    AnyRequest,
    CurrentContext,
    CurrentUser,
    Db,
    Form,
    RequestContext,
    Ro,
    may,
    read_form,
    render_page,
    see_other,
)


@get(HOME + "/{product_id:uuid}/masuk", guards=[may("goods.receive")])
async def show_receipt_form(request: AnyRequest, ro: Ro, product_id: FromPath[UUID]) -> Response[bytes]:
    """Show the form for received goods: quantity, cost, and how they were paid."""
    product = await require_product(ro, product_id)
    return render_page(
        request, "shop/goods_in.html", active_menu="barang", form=None, product=product, key=new_id().hex
    )


@post(HOME + "/{product_id:uuid}/masuk", guards=[may("goods.receive")], status_code=200)
async def submit_receipt(
    request: AnyRequest, db: Db, ctx: CurrentContext, viewer: CurrentUser, product_id: FromPath[UUID]
) -> Response[Any]:
    """Record received goods, after a page that asks to confirm them and their payment."""
    form = await read_form(request, ReceiveGoodsForm)
    product = await require_product(as_reader(db), product_id)
    key = form.values.get("key") or new_id().hex
    async with form.rerender_on_error("shop/goods_in.html", active_menu="barang", product=product, key=key):
        if not form.data.confirmed:
            return _render_confirmation(request, form, product, ctx)
        received = await adjust_stock.receive_goods(
            db,
            viewer.as_officer(),
            product_id,
            quantity=form.data.quantity,
            unit_cost=form.data.unit_cost,
            paid_from=form.data.paid_from,
            on=get_local_date(ctx),
            key=form.data.key,
        )
    say = get_translations(ctx.lang).gettext("Barang masuk sudah dicatat. Stok sekarang %(stock)s.")
    return see_other(f"{HOME}/{product_id}", flash=say % {"stock": formats.number(received.stock, ctx.lang)})


def _render_confirmation(
    request: AnyRequest, form: Form[ReceiveGoodsForm], product: ProductView, ctx: RequestContext
) -> Response[bytes]:
    """Show the page that says what will be received and from which account it is paid."""
    say = get_translations(ctx.lang).gettext
    sentence = {
        "cash": say("%(quantity)s %(unit)s %(name)s masuk; %(amount)s dibayar tunai dari kas."),
        "bank": say("%(quantity)s %(unit)s %(name)s masuk; %(amount)s dibayar dari rekening bank."),
        "credit": say("%(quantity)s %(unit)s %(name)s masuk; %(amount)s menjadi utang kepada pemasok."),
    }[form.data.paid_from]
    params = {
        "quantity": formats.number(form.data.quantity, ctx.lang),
        "unit": product.unit.lower(),
        "name": product.name,
        "amount": formats.rupiah(form.data.unit_cost * form.data.quantity, ctx.lang),
    }
    return render_page(
        request,
        "shop/goods_in_confirm.html",
        active_menu="barang",
        product=product,
        sentence=sentence % params,
        after=product.stock + form.data.quantity,
        sent={name: form.values.get(name, "") for name in ("key", "quantity", "unit_cost", "paid_from")},
    )


@get(HOME + "/{product_id:uuid}/hitung", guards=[may("goods.count")])
async def show_count_form(request: AnyRequest, ro: Ro, product_id: FromPath[UUID]) -> Response[bytes]:
    """Show the form for a stock count."""
    product = await require_product(ro, product_id)
    return render_page(
        request, "shop/count.html", active_menu="barang", form=None, product=product, key=new_id().hex
    )


@post(HOME + "/{product_id:uuid}/hitung", guards=[may("goods.count")])
async def submit_count(
    request: AnyRequest, db: Db, ctx: CurrentContext, viewer: CurrentUser, product_id: FromPath[UUID]
) -> Response[Any]:
    """Record a stock count."""
    form = await read_form(request, CountForm)
    product = await require_product(as_reader(db), product_id)
    key = form.values.get("key") or new_id().hex
    async with form.rerender_on_error("shop/count.html", active_menu="barang", product=product, key=key):
        await adjust_stock.count_stock(
            db,
            viewer.as_officer(),
            product_id,
            counted=form.data.counted,
            expected_stock=form.data.shown,
            on=get_local_date(ctx),
            key=form.data.key,
        )
    return see_other(
        f"{HOME}/{product_id}", flash=get_translations(ctx.lang).gettext("Hitungan stok sudah dicatat.")
    )


@get(HOME + "/golongan", guards=[may("goods.edit")])
async def list_categories(request: AnyRequest, ro: Ro) -> Response[bytes]:
    """List the categories, with a form for a new one."""
    return render_page(
        request,
        "shop/categories.html",
        active_menu="barang",
        form=None,
        categories=await goods_queries.list_categories(ro),
    )


@post(HOME + "/golongan", guards=[may("goods.edit")])
async def submit_category(
    request: AnyRequest, db: Db, ctx: CurrentContext, viewer: CurrentUser
) -> Response[Any]:
    """Add a category."""
    form = await read_form(request, CategoryForm)
    known = await goods_queries.list_categories(as_reader(db))
    async with form.rerender_on_error(
        "shop/categories.html", active_menu="barang", field="name", categories=known
    ):
        category = await manage_products.add_category(db, viewer.as_officer(), form.data.name)
    say = get_translations(ctx.lang).gettext("Golongan %(name)s sudah ditambahkan.")
    return see_other(f"{HOME}/golongan", flash=say % {"name": category.name})


@get(HOME + "/golongan/{category_id:uuid}", guards=[may("goods.edit")])
async def show_category_form(request: AnyRequest, ro: Ro, category_id: FromPath[UUID]) -> Response[bytes]:
    """Show the form to rename a category."""
    category = await _require_category(ro, category_id)
    return render_page(request, "shop/category.html", active_menu="barang", form=None, category=category)


@post(HOME + "/golongan/{category_id:uuid}", guards=[may("goods.edit")])
async def submit_category_name(
    request: AnyRequest, db: Db, ctx: CurrentContext, viewer: CurrentUser, category_id: FromPath[UUID]
) -> Response[Any]:
    """Rename a category."""
    form = await read_form(request, CategoryForm)
    category = await _require_category(as_reader(db), category_id)
    async with form.rerender_on_error(
        "shop/category.html", active_menu="barang", field="name", category=category
    ):
        await manage_products.rename_category(db, viewer.as_officer(), category_id, form.data.name)
    return see_other(
        f"{HOME}/golongan", flash=get_translations(ctx.lang).gettext("Perubahan sudah disimpan.")
    )


async def _require_category(ro: Reader, category_id: UUID) -> goods_queries.CategoryView:
    found = next((each for each in await goods_queries.list_categories(ro) if each.id == category_id), None)
    if found is None:
        raise errors.NO_SUCH_CATEGORY()
    return found


routes: Final[list[Any]] = [
    show_receipt_form,
    submit_receipt,
    show_count_form,
    submit_count,
    list_categories,
    submit_category,
    show_category_form,
    submit_category_name,
]
