import { afterEach } from "vitest";
import widget from "../src/card";
import type { View } from "../src/contract";
import { FakeModel } from "./fake-model";
import { sample } from "./samples";

/** A view on a page, with what a test wants to ask of it. */
export interface Placed {
  host: HTMLElement;
  close: () => void;
  text(): string;
  one<T extends HTMLElement = HTMLElement>(selector: string): T;
  all<T extends HTMLElement = HTMLElement>(selector: string): T[];
  button(label: string): HTMLButtonElement;
}

/** One view of a card. */
export interface Drawn extends Placed {
  model: FakeModel;
}

/** Stands in for the browser's observer: all views are on the screen until a test scrolls. */
const observers = new Set<(entries: { isIntersecting: boolean }[]) => void>();
let onScreen = true;
globalThis.IntersectionObserver = class {
  constructor(private readonly call: (entries: { isIntersecting: boolean }[]) => void) {}
  observe(): void {
    observers.add(this.call);
    this.call([{ isIntersecting: onScreen }]);
  }
  disconnect(): void {
    observers.delete(this.call);
  }
} as never;

/** Scrolls all views onto the screen or off it. */
export function scrollIntoView(on: boolean): void {
  onScreen = on;
  for (const call of observers) call([{ isIntersecting: on }]);
}

const closers = new Set<() => void>();

afterEach(() => {
  for (const close of closers) close();
  closers.clear();
  onScreen = true;
  document.body.replaceChildren();
  // A menu that a test leaves open holds its view until the next click, and the tests grow slow with their memory.
  dispatchEvent(new Event("pointerdown"));
});

/** Places a view of a model, until the test ends. */
export function placed<M>(
  { render }: { render(context: { model: M; el: HTMLElement }): () => void },
  model: M,
): Placed {
  const host = document.createElement("div");
  document.body.append(host);
  const close = render({ model, el: host });
  closers.add(close);
  const inside = within(host);
  const all = <T extends HTMLElement>(selector: string): T[] => [...inside.querySelectorAll<T>(selector)];
  const found = <T>(node: T | null | undefined, what: string): T => {
    if (!node) throw new Error(what);
    return node;
  };
  return {
    host,
    close,
    all,
    one: <T extends HTMLElement>(selector: string): T =>
      found(inside.querySelector<T>(selector), `Nothing matches ${selector}`),
    text: () => shown(host),
    button: (label) =>
      found(
        all<HTMLButtonElement>("button").find((each) => shown(each) === label && visible(each, host)),
        `No button says "${label}"`,
      ),
  };
}

export function draw(from: string | View | FakeModel, change: (view: View) => void = () => {}): Drawn {
  if (from instanceof FakeModel) return { model: from, ...placed(widget, from) };
  const view = typeof from === "string" ? sample(from) : from;
  change(view);
  return draw(new FakeModel(view));
}

/** Presses a key; returns whether the browser does what it does with it. */
export const press = (key: string, target: Element = active(), more: KeyboardEventInit = {}): boolean =>
  target.dispatchEvent(
    new KeyboardEvent("keydown", { key, bubbles: true, composed: true, cancelable: true, ...more }),
  );

/** What a host shows: the shadow root that a view has put there. */
export const within = (host: ParentNode): ShadowRoot => {
  const found = host.querySelector(".origami-widget")?.shadowRoot;
  if (!found) throw new Error("No view is drawn here");
  return found;
};

/** What has the focus, also within a shadow root. */
export const active = (): HTMLElement => {
  let at = document.activeElement as HTMLElement;
  while (at.shadowRoot?.activeElement) at = at.shadowRoot.activeElement as HTMLElement;
  return at;
};

export const visible = (node: HTMLElement, top: HTMLElement): boolean => {
  for (let at: HTMLElement | null = node; at && at !== top; at = at.parentElement)
    if (at.hidden) return false;
  return true;
};

/** The words that can be read: hidden parts left out. */
export function shown(node: HTMLElement): string {
  const read = (at: ChildNode): string => {
    if (!(at instanceof HTMLElement)) return at instanceof Comment ? "" : (at.textContent ?? "");
    return at.hidden || at.matches("style") ? "" : [...(at.shadowRoot ?? at).childNodes].map(read).join("");
  };
  return read(node).replace(/\s+/g, " ").trim();
}

export const isOff = (button: HTMLButtonElement): boolean =>
  button.ariaDisabled === "true" || button.disabled;
