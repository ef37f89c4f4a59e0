/** Shows notifications from the page's cards and boards as JupyterLab notifications. */

import type { Tone } from "../contract";
import { onNotified } from "../page_settings";

const SHOWN_MS = 15_000;
/** JupyterLab 4 cuts a message at 140 characters, so the run's name is cut to leave room for what happened. */
const NAME = 50;

/** JupyterLab's type for a tone; the others are only information. */
const TYPES: Partial<Record<Tone, string>> = { bad: "error", attention: "warning", good: "success" };

/** Shows each notification as JupyterLab's own; returns a function that ends this. */
export function notifyInLab(commands: CommandRegistry): () => void {
  return onNotified(({ title, body, tone }) => {
    if (!commands.hasCommand("apputils:notify")) return;
    const type = TYPES[tone] ?? "info";
    const name = title.length > NAME ? `${title.slice(0, NAME)}…` : title;
    const message = `${name}: ${body}`;
    void commands.execute("apputils:notify", { message, type, options: { autoClose: SHOWN_MS } });
  });
}
