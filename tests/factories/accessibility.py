"""Checks of a page for accessibility: WCAG 2.2 AA by axe-core, no horizontal scrolling, touch targets large
enough.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from factories.browser_users import BrowserUser

AXE = (Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js").read_text("utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
AXE_SCRIPT = """async rules => (await axe.run(document, {runOnly: {type: "tag", values: rules},
resultTypes: ["violations"]}))
  .violations.flatMap(v => v.nodes.map(n =>
  `${v.id}: ${n.target} ${n.any.concat(n.all).map(c => c.message)[0] || v.help}`))"""

# A link inside a sentence may be as high as its line. Other targets are at least 24 px, main actions 48 px.
SMALL_TARGETS_SCRIPT = """() => [...document.querySelectorAll("a[href], button, summary, select, textarea, " +
  "input:not([type=hidden])")].flatMap(e => {
  if (e.closest("p, li > span, td > span, .vh, dt, small, label, [aria-hidden=true]") &&
  !e.matches(".btn")) return [];
  if (!e.checkVisibility({visibilityProperty: true}) || e.matches(".vh, .skip, .term__ask")) return [];
  const box = e.getBoundingClientRect(), main =
  e.matches(".btn--primary, .btn--danger, .places a, .places summary, .stepper button, " +
  ".control input, .control select");
  const least = main ? 47.5 : 23.5;
  return box.height < least || box.width < Math.min(least, 24) ? [
  `${e.outerHTML.slice(0, 120)} is ${box.width} x ${box.height}`] : [];
})"""

OVERFLOW_SCRIPT = """() => {
  const wide = document.documentElement.scrollWidth - innerWidth;
  if (wide <= 0) return [];
  const out = [...document.querySelectorAll("body *")]
  .filter(e => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest(".chips, .tabs, .journal"));
  return [`${wide} px wider than the screen: ` + out.slice(-1).map(e => e.outerHTML.slice(0, 160))];
}"""

CLIPPED_SCRIPT = """() => [...document.querySelectorAll(".btn, h1, h2, .status, dd, .price")].filter(e =>
  e.checkVisibility() && e.clientWidth > 1 && e.scrollWidth > e.clientWidth + 1 &&
  getComputedStyle(e).overflowX != "visible"
).map(e => `clipped: ${e.outerHTML.slice(0, 120)}`)"""


async def find_faults_on(person: BrowserUser, known: Mapping[str, Any], paths: list[str]) -> list[str]:
    """Return the faults of these pages."""
    wrong = []
    for pattern in paths:
        path = pattern.format_map(known)
        await person.goto(path)
        wrong += [f"{path}: {each}" for each in await find_faults(person)]
    return wrong


def assert_no_faults(wrong: list[str]) -> None:
    """Assert that there are no faults, and print all of them."""
    assert not wrong, "\n".join(wrong)


async def find_faults(person: BrowserUser) -> list[str]:
    """Return the faults of the open page."""
    page = person.page
    wrong: list[str] = []
    # the style guide shows headings as examples
    if await page.locator("h1").count() != 1 and not page.url.endswith("/gaya"):
        wrong.append(f"{await page.locator('h1').count()} headings of the first level")
    if await page.locator("html").get_attribute("lang") != "id" or not (await page.title()).strip(" ·"):
        wrong.append("no language or no title")
    wrong += [
        *(await page.evaluate(OVERFLOW_SCRIPT)),
        *(await page.evaluate(SMALL_TARGETS_SCRIPT)),
        *(await page.evaluate(CLIPPED_SCRIPT)),
    ]
    await page.evaluate(AXE)
    wrong += await page.evaluate(AXE_SCRIPT, RULES)
    # text twice as large on the same phone
    await page.evaluate("document.documentElement.style.fontSize = '200%'")
    wrong += [
        f"with large letters: {each}"
        for each in (*await page.evaluate(OVERFLOW_SCRIPT), *await page.evaluate(CLIPPED_SCRIPT))
    ]
    return wrong
