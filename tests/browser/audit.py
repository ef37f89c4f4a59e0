"""What is wrong with elements of a page: axe-core's findings, and words that are clipped, lost or on top of each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from notebooks import serve
from tests.browser.gallery import THEMES, WIDTHS
from tests.browser.window import DEEP

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from playwright.sync_api import Page

    from tests.browser.lab import LabPage

AXE = serve.REPOSITORY / "js" / "node_modules" / "axe-core" / "axe.min.js"
CONTRAST = "color-contrast"
TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")

# JupyterLab's body has no height and clips what overflows: to axe-core, nothing in it would be visible.
RUN_AXE = (
    f"async ([selector, runOnly, rules]) => {{ {DEEP}"
    """
    document.body.style.overflow = "visible";
    try {
        return await window.axe.run(
            { include: deep(selector) },
            { runOnly, rules, resultTypes: ["violations", "incomplete"] },
        );
    } finally {
        document.body.style.overflow = "";
    }
}"""
)

LAYOUT = (
    f"selector => {{ {DEEP}"
    """
    const found = [];
    const name = node => `<${node.localName} class="${node.className}"> ${node.textContent.trim().slice(0, 60)}`;
    const style = node => getComputedStyle(node);
    const scrolls = node => ["auto", "scroll"].includes(style(node).overflowX);
    const clips = node => style(node).overflowX !== "visible" && !scrolls(node);
    // For screen readers only.
    const unseen = node => style(node).clipPath !== "none" || style(node).position === "absolute";
    // Cut with an ellipsis, and whole on hovering.
    const shortened = node => style(node).textOverflow === "ellipsis" && node.closest("[title]");
    const within = (inner, outer) =>
        inner.left >= outer.left - 1 && inner.right <= outer.right + 1;

    // What of a box can be seen: what is scrolled away is in nobody's way.
    const seen = ({ left, right, top, bottom }, node, root) => {
        for (let at = node; at !== root; at = at.parentElement) {
            if (style(at).overflowX === "visible" || style(at).overflowX === "clip") continue;
            const bound = at.getBoundingClientRect();
            [left, right] = [Math.max(left, bound.left), Math.min(right, bound.right)];
            [top, bottom] = [Math.max(top, bound.top), Math.min(bottom, bound.bottom)];
        }
        return { left, right, top, bottom };
    };

    for (const root of deep(selector)) {
        const area = root.getBoundingClientRect();
        const boxes = [];
        const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
        while (walker.nextNode()) {
            const text = walker.currentNode;
            const parent = text.parentElement;
            if (!text.data.trim() || !parent.checkVisibility() || parent.closest("option")) continue;
            const above = [];
            for (let node = parent; node !== root; node = node.parentElement) above.push(node);
            if (above.some(unseen) || above.some(shortened)) continue;
            const region = above.find(scrolls);
            const range = document.createRange();
            range.selectNodeContents(text);
            const bounds = [root, ...above.filter(clips)].map(node => [node, node.getBoundingClientRect()]);
            for (const rect of range.getClientRects()) {
                if (rect.width < 1) continue;
                for (const [node, bound] of region ? [] : bounds)
                    if (!within(rect, bound)) found.push(`cut off by ${name(node)}: ${name(parent)}`);
                // What a clamped text hides below its last line is neither seen nor in anybody's way.
                const floor = Math.min(...bounds.map(([, bound]) => bound.bottom));
                const { left, right, top, bottom } = seen(rect, parent, root);
                if (!region && top < floor - 1) boxes.push([{ left, right, top, bottom: Math.min(bottom, floor) }, parent, text]);
            }
        }
        for (const node of root.querySelectorAll("*")) {
            const shown = node.checkVisibility() && style(node).display !== "inline" && !unseen(node) && !shortened(node);
            if (shown && !scrolls(node) && node.textContent.trim() && node.clientWidth && node.scrollWidth > node.clientWidth + 1)
                found.push(`${node.scrollWidth} px of words in ${node.clientWidth} px: ${name(node)}`);
        }
        for (const control of root.querySelectorAll("button, input, select, meter, progress"))
            if (control.checkVisibility()) boxes.push([seen(control.getBoundingClientRect(), control.parentElement, root), control, control]);
        boxes.sort(([one], [other]) => one.top - other.top);
        boxes.forEach(([one, parent, text], index) => {
            for (const [other, owner, further] of boxes.slice(index + 1)) {
                if (other.top > one.bottom - 2) break;
                const wide = Math.min(one.right, other.right) - Math.max(one.left, other.left);
                const high = Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top);
                if (text === further || parent.contains(owner) || owner.contains(parent)) continue;
                if (wide > 2 && high > 2) found.push(`on top of each other: ${name(parent)} and ${name(owner)}`);
            }
        });
        if (area.width > (root.parentElement ?? root.getRootNode().host).clientWidth + 1) found.push(`wider than its place: ${name(root)}`);
    }
    return [...new Set(found)];
}"""
)

ANIMATIONS = (
    f"selector => {{ {DEEP}"
    """
    return deep(selector)
        .flatMap(card => card.getAnimations({ subtree: true }))
        .filter(one => one.playState === "running")
        .map(one => one.animationName ?? one.transitionProperty);
}"""
)


def findings_in_each_look(window: LabPage, selectors: Sequence[str], *, index: int) -> Iterator[str]:
    """Everything that is found in each theme and width, with forced colours and without, and the look before it.

    Contrasts depend on the theme alone, and all else on the width alone: a further theme is looked at in one width.
    Forced colours change no contrast that axe-core measures: it takes the colours that the page asked for, not those shown.

    Args:
        window: The window.
        selectors: Of the elements.
        index: The cell whose output is made as wide.
    """
    page = window.page
    for theme in THEMES:
        window.set_theme(theme)
        for width in WIDTHS if theme == THEMES[0] else WIDTHS[:1]:
            window.set_output_width(width, index=index)
            for selector in selectors:
                look = f"{theme}, {width} px, {selector}"
                if theme == THEMES[0]:
                    yield from (f"{look}: {each}" for each in axe_findings(page, selector, rules="others"))
                if width == WIDTHS[0]:
                    yield from (f"{look}: {each}" for each in axe_findings(page, selector, rules="contrast"))
            for colors in ("none", "active"):
                page.emulate_media(forced_colors=colors)
                for selector in selectors:
                    look = f"{theme}, {width} px, {selector}, forced colors {colors}"
                    yield from (f"{look}: {each}" for each in layout_findings(page, selector))
            page.emulate_media(forced_colors="none")


def axe_findings(page: Page, selector: str, *, rules: Literal["all", "contrast", "others"] = "all") -> list[str]:
    """Run axe-core on the elements of a selector and return what it is sure of.

    Args:
        page: The page.
        selector: Of the elements.
        rules: Which ones; measuring contrasts takes longer than all others.

    Raises:
        FileNotFoundError: axe-core is not there.
    """
    if not AXE.is_file():
        raise FileNotFoundError("axe-core is missing: run the tests with 'make test', or 'npm ci' in js/.")
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    only = {"type": "rule", "values": [CONTRAST]} if rules == "contrast" else {"type": "tag", "values": list(TAGS)}
    changed = {CONTRAST: {"enabled": False}} if rules == "others" else {}
    return list(_reported(page.evaluate(RUN_AXE, [selector, only, changed])["violations"]))


def _reported(results: list[dict[str, Any]]) -> Iterator[str]:
    for rule in results:
        for node in rule["nodes"]:
            why = "; ".join(check["message"] for kind in ("any", "all", "none") for check in node[kind])
            yield f"{rule['id']}: {node['html'][:160]} ({why[:240]})"


def layout_findings(page: Page, selector: str) -> list[str]:
    """Words that are cut off or overlap, and elements that are too wide for their place."""
    return page.evaluate(LAYOUT, selector)


def running_animations(page: Page, selector: str) -> list[str]:
    """The names of the animations that run within the elements of a selector."""
    return page.evaluate(ANIMATIONS, selector)
