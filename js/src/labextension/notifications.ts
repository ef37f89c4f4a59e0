/** Notifications of JupyterLab itself, for what cards and boards of the page notify of. */

import { onNotified } from "../page_settings";

const SHOWN_MS = 15_000;

/** Shows one notification for each piece of news, however many views tell it; returns what ends that. */
export function notifyInLab(commands: CommandRegistry): () => void {
  const told = new Map<string, string>();
  return onNotified(({ tag, title, body }) => {
    if (told.get(tag) === body || !commands.hasCommand("apputils:notify")) return;
    told.set(tag, body);
    const message = `${body} ${title}`;
    void commands.execute("apputils:notify", { message, type: "info", options: { autoClose: SHOWN_MS } });
  });
}
