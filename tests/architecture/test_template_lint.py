"""The template lint: what it rejects, and what it accepts."""

import pytest

from lint_templates import find_problems


@pytest.mark.parametrize(
    ("template", "problem"),
    [
        ('<form method="post"><button>{{ _("Simpan") }}</button></form>', "lacks {{ csrf() }}"),
        ("<p>{{ bio|safe }}</p>", "marks HTML as safe"),
        ("<p>{{ bio | safe }}</p>", "marks HTML as safe"),
        ("{% autoescape false %}{{ bio }}{% endautoescape %}", "marks HTML as safe"),
        ('<p style="color: red">{{ name }}</p>', "inline style"),
        ("<style>p { color: red }</style>", "inline style"),
        ("<script>alert(1)</script>", "inline script"),
        ('<button onclick="go()">{{ _("Pergi") }}</button>', "event attribute"),
        ('<img src="{{ url }}" alt="">', "<img> without width, height"),
        ('<script src="https://cdn.example/htmx.js"></script>', "points to another host"),
        ('<link rel="stylesheet" href="//cdn.example/a.css">', "points to another host"),
        ("<p>Selamat datang</p>", "Selamat datang"),
        ('<p>{% if open %}Buka{% else %}{{ _("Tutup") }}{% endif %}</p>', "Buka"),
        ('<input placeholder="Cari barang">', "Cari barang"),
        ('<a href="/" aria-label="Beranda">{{ icon("home") }}</a>', "Beranda"),
    ],
)
def test_it_refuses(template: str, problem: str) -> None:
    assert problem in " / ".join(message for _, message in find_problems(template))


@pytest.mark.parametrize(
    "template",
    [
        '<form method="post">{{ csrf() }}<button>{{ _("Simpan") }}</button></form>',
        '<form method="get"><button>{{ _("Cari") }}</button></form>',
        "<p>{% trans name=name %}Halo {{ name }}{% endtrans %}</p>",
        '<img src="{{ url }}" alt="{{ product.name }}" width="40" height="40">',
        '<a href="https://lumbung.example/panduan">{{ _("Panduan") }}</a>',
        (
            '<{{ "a" if href else "div" }} class="card"{% if href %} href="{{ href }}"{% endif %}>{{ words '
            "}}</x>"
        ),
        '<a href="/bahasa/en" lang="en" aria-label="English">EN</a>',
        "{# Catatan untuk penulis tema #}{% block drawing %}granary-shut{% endblock %}",
        '<script src="{{ asset("/lumbung.js") }}" defer></script>',
    ],
)
def test_it_lets_pass(template: str) -> None:
    assert list(find_problems(template)) == []


def test_it_names_the_line() -> None:
    template = '{# satu\ndua #}\n{{ _("tiga") }}\n<p>Empat kata</p>'
    assert [line for line, _ in find_problems(template)] == [4]
