import { button } from "./buttons";
import { el, on, type Part, setText, show, uid } from "./dom";

/**
 * Content cut to two lines, with a button that shows the rest. Its value is whether the content is long enough to cut.
 *
 * @param always - Whether other content is cut where it has no room, too.
 */
export function clamp(content: HTMLElement, always = false): Part<boolean> {
  let open = false;
  let long = false;
  let over = false;
  const more = button("", () => set(!open), "link");
  content.id = uid();
  content.classList.add("clamp");
  more.setAttribute("aria-controls", content.id);
  const node = el("div", "clamped", content, more);
  const draw = (): void => {
    content.classList.toggle("cut", (long || always) && !open);
    if (!open) over = always && content.scrollHeight > content.clientHeight + 1;
    show(more, long || over);
    more.ariaExpanded = `${open}`;
    setText(more, open ? "Show less" : "Show more");
  };
  const set = (to: boolean): void => {
    open = to;
    draw();
  };
  // Never cut off the element with the focus.
  on(content, "focusin", () => set(long || over));
  // The button leaves its size as it is.
  const sizes = always ? new ResizeObserver(draw) : null;
  sizes?.observe(node);
  return {
    node,
    update(isLong) {
      long = isLong;
      draw();
    },
    close: () => sizes?.disconnect(),
  };
}
