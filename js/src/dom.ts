/** Small helpers that build nodes. Text goes only through text nodes; nothing here parses markup. */

export type Child = Node | string | null | undefined | false;

/** A part of the card, which owns a node and changes it in place. */
export interface Part<T> {
  readonly node: HTMLElement;
  update(value: T): void;
  close?(): void;
}

/** Makes an element of its children and, anywhere among them, of its properties. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  cls = "",
  ...given: (Child | Partial<HTMLElementTagNameMap[K]>)[]
): HTMLElementTagNameMap[K] {
  const node = document.createElement(tag);
  if (cls) node.className = cls;
  for (const each of given)
    if (each && typeof each === "object" && !(each instanceof Node)) Object.assign(node, each);
    else if (each) node.append(each);
  return node;
}

export function fill(node: Element, ...children: Child[]): void {
  node.replaceChildren(...children.filter((child): child is Node | string => !!child));
}

/** `aria-disabled` instead of `disabled`, which would lose the keyboard focus. */
export function button(label: string, press: () => void, cls = ""): HTMLButtonElement {
  const node = el("button", cls, label, { type: "button", dir: "auto" });
  on(node, "click", () => node.ariaDisabled === "true" || press());
  return node;
}

/** An element for words from outside, isolated in their own direction. */
export function words(cls = "", tag: "span" | "b" | "code" | "bdi" = "span", text = ""): HTMLElement {
  return el(tag, cls, text, { dir: "auto" });
}

/** A field for text. */
export const textField = (ariaLabel: string, placeholder = ""): HTMLInputElement =>
  el("input", "", { type: "text", placeholder, ariaLabel });

/** Offers options, by their values; the chosen one stays. */
export function setOptions(node: HTMLSelectElement, options: readonly (readonly [string, string])[]): void {
  const before = [...node.options].map(({ value, textContent }) => [value, textContent]);
  if (same(options, before)) return;
  const chosen = node.value;
  fill(node, ...options.map(([value, name]) => el("option", "", name, { value })));
  if (options.some(([value]) => value === chosen)) node.value = chosen;
}

export function show(node: HTMLElement, visible: unknown): void {
  node.hidden = !visible;
}

/** Listens to an event; returns a function that stops listening. */
export function on(
  node: EventTarget,
  event: string,
  react: (event: Event) => void,
  capture = false,
): () => void {
  node.addEventListener(event, react, capture);
  return () => node.removeEventListener(event, react, capture);
}

/** Sets text only if it differs, so that selections and assistive technology aren't disturbed. */
export function setText(node: Node, text: string): void {
  if (node.textContent === text) return;
  const { firstChild: only } = node;
  // Reuses the node: thousands of new ones would make the browser pause to collect garbage.
  if (only instanceof Text && !only.nextSibling) only.data = text;
  else node.textContent = text;
}

/** Sets text. Without any, the node takes no room. */
export function showText(node: HTMLElement, text: string): void {
  setText(node, text);
  show(node, text);
}

export const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** The address if it is safe to follow, else null. Also checked in Python, but a saved state can be tampered with. */
export function safeHref(href: unknown): string | null {
  try {
    const url = new URL(String(href));
    const web = url.protocol === "https:" && !url.username && !url.password;
    return web || url.protocol === "mailto:" ? url.href : null;
  } catch {
    return null;
  }
}

/** A link, or only its words if there is no address, or none that is safe. */
export function anchor(href: unknown, ...children: Child[]): HTMLElement {
  const safe = safeHref(href);
  if (!safe) return el("span", "", ...children);
  return el("a", "", ...children, { href: safe, target: "_blank", rel: "noopener noreferrer nofollow" });
}

/** A list that keeps its nodes by a field of its items: it makes only new nodes and moves only those that moved. */
export function keyedList<T>(node: HTMLElement, make: () => Part<T>, key: keyof T): Part<readonly T[]> {
  let parts = new Map<string, Part<T>>();
  return {
    node,
    update(items) {
      const next = new Map<string, Part<T>>();
      const seen = new Map<string, number>();
      for (const item of items) {
        const own = `${item[key]}`;
        const count = seen.get(own) ?? 0;
        seen.set(own, count + 1);
        const name = `${count} ${own}`;
        const part = parts.get(name) ?? make();
        part.update(item);
        next.set(name, part);
      }
      for (const [name, part] of parts) {
        if (next.has(name)) continue;
        part.close?.();
        part.node.remove();
      }
      // Other children, such as the heads of a table, stay before them.
      let at: ChildNode | null = [...parts].find(([name]) => next.has(name))?.[1].node ?? null;
      for (const part of next.values())
        if (part.node === at) at = at.nextSibling;
        else node.insertBefore(part.node, at);
      parts = next;
    },
  };
}

let unique = 0;
/** An id that no other card on the page has. */
export const uid = (): string => `origami-${Math.random().toString(36).slice(2)}${unique++}`;
