"""Rules for subdomains."""

import re
from typing import Final

from onboarding import errors

_SLUG: Final = re.compile(r"[a-z0-9](?:[a-z0-9]|-(?!-)){1,28}[a-z0-9]")

# Names that visitors would take for the platform, and those that mail and browsers treat specially.
RESERVED_SLUGS: Final = frozenset(
    """
    operator admin administrator api app apex www www1 www2 web mail email smtp imap pop pop3 ftp ns ns1
    ns2 dns mx autoconfig autodiscover static aset assets cdn img media files status help bantuan support
    dukungan docs dokumen blog berita news shop toko store daftar masuk keluar login logout register
    signup signin account akun billing tagihan bayar pay payment pembayaran webhook webhooks hook hooks
    lumbung koperasi platform root system sistem test tes demo staging dev internal local localhost
    localdomain wpad isatap broadcasthost security keamanan abuse postmaster hostmaster webmaster noreply
    no-reply info contact kontak kemenkop gov pemerintah
    """.split()  # noqa: SIM905 - a block of words reads better than ninety quoted ones
)


def check_slug(text: str) -> str:
    """Return the subdomain in lower case.

    Raises DomainError onboarding.slug_malformed or .slug_reserved. Does not check whether it is taken.
    """
    slug = text.strip().lower()
    if not _SLUG.fullmatch(slug) or slug.startswith("xn--"):
        raise errors.SLUG_MALFORMED(slug=text.strip()[:40], field="slug")
    if slug in RESERVED_SLUGS:
        raise errors.SLUG_RESERVED(slug=slug, field="slug")
    return slug
