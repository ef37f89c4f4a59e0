import { copyLine } from "../buttons";
import type { Foot } from "../contract";
import { el, type Part, say } from "../dom";

/** Credits, identity, and the Python lines that go on from here. */
export function footSection(): Part<Foot> {
  const credits = el("b");
  const run = copyLine("run", "the run id");
  const data = copyLine("data", "the line that gets the DataFrame");
  const attach = copyLine("resume anywhere", "the line that attaches this run");
  const lines = [run, data, attach];
  return {
    node: el("footer", "foot", credits, ...lines.map((line) => line.node)),
    update(foot) {
      say(credits, foot.credits);
      run.update(foot.run_id);
      data.update(foot.data_line);
      attach.update(foot.attach_line);
    },
    close() {
      for (const line of lines) line.close?.();
    },
  };
}
