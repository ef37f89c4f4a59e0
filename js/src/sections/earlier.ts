import type { Earlier, EarlierRun } from "../contract";
import { el, keyedList, type Part, setText, show, words } from "../dom";

function earlierRun(): Part<EarlierRun> {
  const status = el("span");
  const prompt = words("", "b");
  const outcome = words("mute");
  return {
    node: el("li", "", el("span", "", prompt, " ", status, " ", outcome)),
    update(run) {
      setText(prompt, run.prompt);
      setText(status, run.status_label);
      status.className = `state t-${run.tone}`;
      setText(outcome, run.outcome);
    },
  };
}

/** The folded earlier turns of the conversation. */
export function earlierSection(): Part<Earlier> {
  const title = el("summary");
  const runs = keyedList(el("ol", "acts"), earlierRun, (run) => run.run_id);
  const node = el("section", "earlier", el("details", "", title, runs.node));
  return {
    node,
    update(earlier) {
      setText(title, earlier.title);
      runs.update(earlier.runs);
      show(node, earlier.runs.length);
    },
  };
}
