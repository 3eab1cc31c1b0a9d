"""Pages on which officers manage products: the list, one product with its stock movements, its picture."""

from typing import Any, Final, get_args
from uuid import UUID

from litestar import Response, get, post
from litestar.datastructures import UploadFile
from litestar.params import FromPath, FromQuery

from governance.prices import get_member_price, get_public_price
from governance.queries import get_bylaws_on
from kernel.database import Reader, as_reader
from kernel.ids import new_id
from kernel.money import Rupiah
from kernel.translations import get_translations
from shop import errors, goods_queries, manage_products, pictures, presenters
from shop.forms import NewProductForm, PictureForm, ProductForm
from shop.goods_queries import ProductFilter, ProductView
from ui import (
    AnyRequest,
    CurrentContext,
    CurrentUser,
    Db,
    EmptyForm,
    Ro,
    may,
    read_form,
    render_page,
    see_other,
)
from ui.request_body import MAX_UPLOAD_BYTES

HOME: Final = "/pengurus/barang"


@get(HOME, guards=[may("goods.view")])
async def list_products(
    request: AnyRequest,
    ro: Ro,
    pilih: FromQuery[str] = "semua",
    cari: FromQuery[str] = "",
    halaman: FromQuery[str] = "1",
) -> Response[bytes]:
    """List the products by filter and search text."""
    chip: ProductFilter = pilih if pilih in get_args(ProductFilter) else "semua"  # type: ignore[assignment]
    wanted, number = presenters.normalize_search(cari)[:60], presenters.parse_page_number(halaman)
    rows, total = await goods_queries.list_products(ro, chip, wanted, number)
    return render_page(
        request,
        "shop/goods.html",
        block="list_block",
        active_menu="barang",
        rows=rows,
        total=total,
        chip=chip,
        wanted=wanted,
        number=number,
        pages=-(-total // goods_queries.PAGE_SIZE),
    )


@get(HOME + "/baru", guards=[may("goods.edit")])
async def show_new_product_form(request: AnyRequest, ro: Ro) -> Response[bytes]:
    """Show the form for a new product."""
    return render_page(request, "shop/product_form.html", form=None, **await _form_context(ro, None))


@post(HOME + "/baru", guards=[may("goods.edit")])
async def submit_new_product(
    request: AnyRequest, db: Db, ctx: CurrentContext, viewer: CurrentUser
) -> Response[Any]:
    """Add a product from the submitted form."""
    form = await read_form(request, NewProductForm)
    context = await _form_context(as_reader(db), None)
    async with form.rerender_on_error("shop/product_form.html", **context):
        product = await manage_products.add_product(
            db,
            viewer.as_officer(),
            _product_data(form.data),
            cost=form.data.cost,
            opening_stock=form.data.stock,
            on=presenters.get_local_date(ctx),
            product_id=form.data.id,
        )
    say = get_translations(ctx.lang).gettext
    return see_other(
        f"{HOME}/{product.id}", flash=say("%(name)s sudah ada di toko.") % {"name": product.name}
    )


@get(HOME + "/{product_id:uuid}", guards=[may("goods.view")])
async def show_product(
    request: AnyRequest,
    ro: Ro,
    ctx: CurrentContext,
    product_id: FromPath[UUID],
    halaman: FromQuery[str] = "1",
) -> Response[bytes]:
    """Show a product: its prices for members and others, its stock, and its stock movements."""
    product = await require_product(ro, product_id)
    number = presenters.parse_page_number(halaman)
    movements, total = await goods_queries.list_stock_movements(ro, product_id, number)
    bylaws = (await get_bylaws_on(ro, presenters.get_local_date(ctx))).bylaws
    return render_page(
        request,
        "shop/product_office.html",
        active_menu="barang",
        product=product,
        picture=_picture_view(product),
        shop_href=presenters.product_url(product.sku),
        member_price=get_member_price(Rupiah(product.price), bylaws),
        public_price=get_public_price(Rupiah(product.price), bylaws),
        movements=movements,
        number=number,
        pages=-(-total // goods_queries.PAGE_SIZE),
    )


@get(HOME + "/{product_id:uuid}/ubah", guards=[may("goods.edit")])
async def show_product_form(request: AnyRequest, ro: Ro, product_id: FromPath[UUID]) -> Response[bytes]:
    """Show the form to edit a product."""
    return render_page(
        request,
        "shop/product_form.html",
        form=None,
        **await _form_context(ro, await require_product(ro, product_id)),
    )


@post(HOME + "/{product_id:uuid}/ubah", guards=[may("goods.edit")])
async def submit_product(
    request: AnyRequest, db: Db, ctx: CurrentContext, viewer: CurrentUser, product_id: FromPath[UUID]
) -> Response[Any]:
    """Change a product's details."""
    form = await read_form(request, ProductForm)
    ro = as_reader(db)
    context = await _form_context(ro, await require_product(ro, product_id))
    async with form.rerender_on_error("shop/product_form.html", **context):
        await manage_products.change_product(
            db, viewer.as_officer(), product_id, _product_data(form.data), archived=form.data.archived
        )
    return see_other(
        f"{HOME}/{product_id}", flash=get_translations(ctx.lang).gettext("Perubahan sudah disimpan.")
    )


@get(HOME + "/{product_id:uuid}/gambar", guards=[may("goods.edit")])
async def show_picture_form(request: AnyRequest, ro: Ro, product_id: FromPath[UUID]) -> Response[bytes]:
    """Show the product's picture and the form to upload another."""
    return render_page(
        request,
        "shop/product_picture.html",
        form=None,
        **_picture_context(await require_product(ro, product_id)),
    )


@post(
    HOME + "/{product_id:uuid}/gambar",
    guards=[may("goods.edit")],
    request_max_body_size=MAX_UPLOAD_BYTES,
)
async def submit_picture(
    request: AnyRequest, db: Db, ctx: CurrentContext, viewer: CurrentUser, product_id: FromPath[UUID]
) -> Response[Any]:
    """Set the product's picture from an uploaded photograph."""
    form = await read_form(request, PictureForm)
    context = _picture_context(await require_product(as_reader(db), product_id))
    async with form.rerender_on_error("shop/product_picture.html", field="picture", **context):
        upload: UploadFile = form.data.picture
        content = await upload.read(pictures.MAX_MEGABYTES * 1024 * 1024 + 1)
        await manage_products.set_picture(db, viewer.as_officer(), product_id, content)
    return see_other(f"{HOME}/{product_id}", flash=get_translations(ctx.lang).gettext("Foto sudah dipasang."))


@post(HOME + "/{product_id:uuid}/gambar/hapus", guards=[may("goods.edit")])
async def submit_picture_removal(
    request: AnyRequest, db: Db, ctx: CurrentContext, viewer: CurrentUser, product_id: FromPath[UUID]
) -> Response[Any]:
    """Remove the product's picture, so that the drawn placeholder is shown."""
    await read_form(request, EmptyForm)
    await manage_products.remove_picture(db, viewer.as_officer(), product_id)
    return see_other(f"{HOME}/{product_id}", flash=get_translations(ctx.lang).gettext("Foto sudah dilepas."))


async def require_product(ro: Reader, product_id: UUID) -> ProductView:
    """Return a product. Raises DomainError shop.no_such_product."""
    product = await goods_queries.find_product(ro, product_id)
    if product is None:
        raise errors.NO_SUCH_PRODUCT()
    return product


def _product_data(data: ProductForm) -> manage_products.ProductData:
    return manage_products.ProductData(
        sku=data.sku,
        name=data.name,
        unit=data.unit,
        price=data.price,
        category_id=data.category_id,
        barcode=data.barcode,
        description=data.description,
    )


async def _form_context(ro: Reader, product: ProductView | None) -> dict[str, Any]:
    return {
        "active_menu": "barang",
        "product": product,
        "new_id": new_id(),
        "categories": await goods_queries.list_categories(ro),
    }


def _picture_context(product: ProductView) -> dict[str, Any]:
    return {
        "active_menu": "barang",
        "product": product,
        "picture": _picture_view(product),
        "megabytes": pictures.MAX_MEGABYTES,
    }


def _picture_view(product: ProductView) -> dict[str, str | None]:
    """Return the values that the theme's picture component expects."""
    return {"picture": presenters.picture_url(product.picture, 320), "category": product.category}


routes: Final[list[Any]] = [
    list_products,
    show_new_product_form,
    submit_new_product,
    show_product,
    show_product_form,
    submit_product,
    show_picture_form,
    submit_picture,
    submit_picture_removal,
]
