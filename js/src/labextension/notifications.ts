/** Notifications of JupyterLab itself, for what cards and boards of the page notify of. */

import { onNotified } from "../page_settings";

const SHOWN_MS = 15_000;
/** JupyterLab cuts a message at 140 characters: what happened comes behind a short name of the run. */
const NAME = 50;

/** Shows one notification for each piece of news, however many views tell it; returns what ends that. */
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
