import { button } from "./buttons";
import { el, on, type Part, setText, show, uid } from "./dom";

/** Content cut to two lines, with a button that shows the rest. Its value is whether the content is long enough to cut. */
export function clamp(content: HTMLElement): Part<boolean> {
  let open = false;
  let long = false;
  const more = button("", () => set(!open), "link");
  content.id = uid();
  content.classList.add("clamp");
  more.setAttribute("aria-controls", content.id);
  const draw = (): void => {
    const cut = long && !open;
    show(more, long);
    more.ariaExpanded = `${open}`;
    setText(more, open ? "Show less" : "Show more");
    content.classList.toggle("cut", cut);
  };
  const set = (to: boolean): void => {
    open = to;
    draw();
  };
  // Never cut off the element with the focus.
  on(content, "focusin", () => set(true));
  return {
    node: el("div", "clamped", content, more),
    update(isLong) {
      long = isLong;
      draw();
    },
  };
}
