/** Small helpers to build nodes. Text only ever goes through text nodes; nothing here parses markup. */

export type Child = Node | string | null | undefined | false;

export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  cls = "",
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const node = document.createElement(tag);
  if (cls) node.className = cls;
  node.append(...kept(children));
  return node;
}

const kept = (children: readonly Child[]): (Node | string)[] =>
  children.filter(
    (child): child is Node | string => child instanceof Node || (typeof child === "string" && child !== ""),
  );

/** Words from outside: isolated, in their own direction. */
export function words(text: string, tag: "bdi" | "b" | "span" | "code" = "bdi", cls = ""): HTMLElement {
  const node = el(tag, cls, text);
  node.dir = "auto";
  return node;
}

/** Sets text only when it differs, so that selections and assistive technology aren't disturbed. */
export function setText(node: Node, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}

export function fill(node: Element, ...children: Child[]): void {
  node.replaceChildren(...kept(children));
}

export function show(node: HTMLElement, visible: boolean): void {
  node.hidden = !visible;
}

/** The address if it is one that may be followed, else null. Checked in Python too: a saved state can be tampered with. */
export function safeHref(href: unknown): string | null {
  if (typeof href !== "string") return null;
  try {
    const url = new URL(href);
    const web = url.protocol === "https:" && url.hostname && !url.username && !url.password;
    return web || url.protocol === "mailto:" ? url.href : null;
  } catch {
    return null;
  }
}

/** A link, or its words alone when the address isn't safe. */
export function anchor(href: unknown, cls: string, ...children: Child[]): HTMLElement {
  const safe = safeHref(href);
  if (!safe) return el("span", "", ...children);
  const node = el("a", cls, ...children);
  node.href = safe;
  node.target = "_blank";
  node.rel = "noopener noreferrer nofollow";
  return node;
}

export const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** A part of a list that keeps its node while its key stays. */
export interface Part<T> {
  node: HTMLElement;
  update(item: T, index: number): void;
}

/** A list whose nodes are kept by key: only what is new is made, and only what moved is moved. */
export class KeyedList<T> {
  private parts = new Map<string, Part<T>>();

  constructor(
    readonly node: HTMLElement,
    private readonly key: (item: T, index: number) => string,
    private readonly make: (item: T, index: number) => Part<T>,
  ) {}

  update(items: readonly T[]): void {
    const next = new Map<string, Part<T>>();
    items.forEach((item, index) => {
      let key = this.key(item, index);
      while (next.has(key)) key += "+";
      const part = this.parts.get(key) ?? this.make(item, index);
      part.update(item, index);
      next.set(key, part);
    });
    for (const [key, part] of this.parts) if (next.get(key) !== part) part.node.remove();
    let at: ChildNode | null = this.node.firstChild;
    for (const { node } of next.values()) {
      if (node === at) at = at.nextSibling;
      else this.node.insertBefore(node, at);
    }
    this.parts = next;
  }

  each(visit: (part: Part<T>) => void): void {
    this.parts.forEach(visit);
  }
}

let unique = 0;
/** An id that no other card on the page has. */
export const uid = (prefix: string): string =>
  `origami-${prefix}-${Math.random().toString(36).slice(2, 8)}${unique++}`;
