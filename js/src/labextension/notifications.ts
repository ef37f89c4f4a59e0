/** Shows notifications from the page's cards and boards as JupyterLab notifications. */

import { onNotified } from "../page_settings";

const SHOWN_MS = 15_000;
/** JupyterLab cuts a message at 140 characters, so the run's name is cut to leave room for what happened. */
const NAME = 50;

/** Shows one notification for each event, however many views report it; returns a function that ends this. */
export function notifyInLab(commands: CommandRegistry): () => void {
  const told = new Map<string, string>();
  return onNotified(({ tag, title, body }) => {
    if (told.get(tag) === body || !commands.hasCommand("apputils:notify")) return;
    told.set(tag, body);
    const name = title.length > NAME ? `${title.slice(0, NAME)}…` : title;
    const message = `${name}: ${body}`;
    void commands.execute("apputils:notify", { message, type: "info", options: { autoClose: SHOWN_MS } });
  });
}
