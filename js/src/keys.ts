import { on } from "./dom";

/**
 * Keeps the host's single-letter shortcuts away from the card: with a button of the card focused, `b` would insert a
 * cell into the notebook. Before 4.1 (jupyterlab/jupyterlab#14115), JupyterLab listens on the document before the event
 * reaches the card, so it is stopped on the window; with support for 4.0, the card's own node will do. This does not
 * affect what the browser does with the key (typing, pressing, moving). Inside the card, `onKey` gets the key.
 */
export function guardKeys(root: HTMLElement, enterInText: (field: HTMLElement) => void): () => void {
  const guard = (event: KeyboardEvent): void => {
    const path = event.composedPath();
    const target = path[0];
    // Inside a board, the keys of a card are the card's alone.
    const inner = path.find((at) => at instanceof HTMLElement && at.matches(".origami-card"));
    if (inner !== root || !(target instanceof HTMLElement)) return;
    const enter = event.key === "Enter";
    // Ctrl+Enter and Shift+Enter would rerun the cell, which can start a second run.
    if (!enter && (event.ctrlKey || event.metaKey || event.altKey)) return;
    event.stopPropagation();
    if (event.repeat && (enter || event.key === " ") && target instanceof HTMLButtonElement)
      event.preventDefault();
    if (enter && target.matches('input[type="text"]') && !event.isComposing && !event.repeat)
      enterInText(target);
    const inside = new CustomEvent("origami-key", { bubbles: true, cancelable: true, detail: event });
    if (!target.dispatchEvent(inside)) event.preventDefault();
  };
  return on(window, "keydown", guard as (event: Event) => void, true);
}

/** Where a key goes in a list: to the one before or after, the first or the last; undefined for any other key. */
export const moved = (
  key: string,
  at: number,
  last: number,
  back: string,
  forth: string,
): number | undefined => ({ [back]: at - 1, [forth]: at + 1, Home: 0, End: last })[key];

/** Listens to keys inside a card. `event.preventDefault()` also prevents what the browser does with the key. */
export function onKey(node: HTMLElement, react: (key: string, event: Event) => void): void {
  on(node, "origami-key", (event) => react((event as CustomEvent<KeyboardEvent>).detail.key, event));
}
