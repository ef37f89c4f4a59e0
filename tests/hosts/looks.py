"""What every host's test asks of a card: that it lives by itself, and wears the host's colours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.browser.window import LOOKS, confirm

if TYPE_CHECKING:
    from playwright.sync_api import Locator

    from tests.browser.window import Window

CARD = ".origami-card"
START = "run = ow.start({brief!r})"
SANDBOX = "import time\nimport origami_widgets as ow\now.configure(client=ow.Sandbox(speed={speed}).client())"
# The buttons of a card stay for a person who reads; this one reads fast.
READS_FAST = "\nfrom origami_widgets.card.widgets import snapshot\nsnapshot.BUTTON_TIME = snapshot.REMEDY_TIME = 3"
SLOW = "Find dentists. scenario:slow"
CREDITS = r"""element => [...element.querySelectorAll(".figure b")].at(-1)?.textContent.replace(/\D/g, "") ?? '0'"""
# Colours are painted to be read: a page can give them in any notation.
LUMINANCES = """element => {
    const style = getComputedStyle(element);
    const context = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    return [style.color, style.backgroundColor].map((colour) => {
        context.fillStyle = colour;
        context.fillRect(0, 0, 1, 1);
        const [red, green, blue] = context.getImageData(0, 0, 1, 1).data;
        return (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255;
    });
}"""


def credits_of(card: Locator) -> int:
    """Return the credits that the card shows, which only the server knows."""
    return int(card.evaluate(CREDITS))


def expect_more_credits(card: Locator) -> None:
    """Wait until the card shows more credits than now: the poller, the comm and the front end are all at work."""
    before = credits_of(card)
    card.page.wait_for_function(
        f"([card, before]) => Number(({CREDITS})(card)) > before", arg=[card.element_handle(), before], polling=LOOKS
    )


def expect_leads(card: Locator) -> None:
    """Wait until the card shows a lead: it has loaded the code that draws leads, and the kernel has read them."""
    expect(card.get_by_role("grid", name="Leads").get_by_role("gridcell").first).to_be_visible()


def expect_theme(card: Locator, theme: str) -> None:
    """Wait until the card is dark on light, or light on dark."""
    card.page.wait_for_function(
        f"""([card, dark]) => {{
            const [ink, surface] = ({LUMINANCES})(card);
            return dark ? ink > 0.7 && surface < 0.2 : ink < 0.2 && surface > 0.8;
        }}""",
        arg=[card.element_handle(), theme == "dark"],
        polling=LOOKS,
    )


def cancel(card: Locator) -> None:
    """Press Cancel and wait for the server's word on it."""
    button = card.get_by_role("button", name="Cancel")
    button.click()
    confirm(card, "Yes, cancel it")
    expect(card).to_contain_text("Stopped")
    expect(button).to_be_hidden()


def assert_quiet(window: Window) -> None:
    """Nothing was asked of another server, and nothing of ours failed."""
    assert window.foreign_requests == []
    assert window.errors_of_ours == []


def uses_saved_card(card: Locator) -> None:
    """Sort, switch, unfold and copy in a saved card of the sandbox's own brief; what would be sent is off."""

    def names() -> list[str]:
        return card.get_by_role("tabpanel").get_by_role("rowheader").all_inner_texts()

    first = names()
    credits_used = card.get_by_role("columnheader", name="Credits", exact=True)
    credits_used.get_by_role("button").click()
    credits_used.get_by_role("button").click()
    expect(credits_used).to_have_attribute("aria-sort", "ascending")
    assert sorted(names()) == sorted(first)
    assert names() != first
    card.get_by_role("tab", name="People at").click()
    expect(card.get_by_role("tab", name="People at")).to_have_attribute("aria-selected", "true")
    assert sorted(names()) != sorted(first)
    more = card.locator(".news > .more")
    more.click()
    expect(card.locator(".news-all")).to_be_visible()
    more.click()
    card.get_by_role("button", name="More about this run").click()
    card.locator(".head").get_by_role("button", name="Copy the line that shows this run").click()
    assert str(card.page.evaluate("navigator.clipboard.readText()")).startswith("ow.attach(")
