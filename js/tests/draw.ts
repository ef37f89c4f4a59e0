import { afterEach } from "vitest";
import type { View } from "../src/contract";
import widget from "../src/index";
import { FakeModel } from "./fake-model";
import { sample } from "./samples";

/** One view of a card on a page, with what a test wants to ask of it. */
export interface Drawn {
  model: FakeModel;
  host: HTMLElement;
  close: () => void;
  text(): string;
  one<T extends HTMLElement = HTMLElement>(selector: string): T;
  all<T extends HTMLElement = HTMLElement>(selector: string): T[];
  button(label: string): HTMLButtonElement;
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
});

export function draw(from: string | View | FakeModel, change: (view: View) => void = () => {}): Drawn {
  let model: FakeModel;
  if (from instanceof FakeModel) model = from;
  else {
    const view = typeof from === "string" ? sample(from) : from;
    change(view);
    model = new FakeModel(view);
  }
  const host = document.createElement("div");
  document.body.append(host);
  const close = widget.render({ model, el: host });
  closers.add(close);
  const inside = within(host);
  const all = <T extends HTMLElement>(selector: string): T[] => [...inside.querySelectorAll<T>(selector)];
  const one = <T extends HTMLElement>(selector: string): T => {
    const found = inside.querySelector<T>(selector);
    if (!found) throw new Error(`Nothing matches ${selector}`);
    return found;
  };
  return {
    model,
    host,
    close,
    one,
    all,
    text: () => shown(host),
    button: (label) => {
      const found = all<HTMLButtonElement>("button").find(
        (each) => shown(each) === label && visible(each, host),
      );
      if (!found) throw new Error(`No button says "${label}"`);
      return found;
    },
  };
}

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
    if (!(at instanceof HTMLElement)) return at.textContent ?? "";
    return at.hidden || at.matches("style") ? "" : [...(at.shadowRoot ?? at).childNodes].map(read).join("");
  };
  return read(node).replace(/\s+/g, " ").trim();
}

export const isOff = (button: HTMLButtonElement): boolean =>
  button.ariaDisabled === "true" || button.disabled;
