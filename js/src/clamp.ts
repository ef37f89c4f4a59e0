import { button } from "./buttons";
import { el, setText, show, uid } from "./dom";

/** Content cut to some lines, with a button that shows the rest. What has the focus is never cut off. */
export class Clamp {
  readonly node: HTMLElement;
  private readonly more: HTMLButtonElement;
  private open = false;

  constructor(
    readonly content: HTMLElement,
    private readonly lines: number,
  ) {
    content.classList.add("clamp");
    content.id = uid("clamp");
    this.more = button("Show more", () => this.set(!this.open), "link");
    this.more.setAttribute("aria-controls", content.id);
    content.addEventListener("focusin", () => this.set(true));
    this.node = el("div", "clamped", content, this.more);
    this.set(false);
    show(this.more, false);
  }

  /** Called after the content changed, with whether it is long enough to be cut. */
  update(long: boolean): void {
    show(this.more, long);
    this.content.style.maxHeight = long && !this.open ? `${this.lines}lh` : "";
    this.content.classList.toggle("cut", long && !this.open);
  }

  private set(open: boolean): void {
    this.open = open;
    this.more.setAttribute("aria-expanded", String(open));
    setText(this.more, open ? "Show less" : "Show more");
    this.update(!this.more.hidden);
  }
}
