import { defineConfig } from "vitest/config";

// No test asks how long something takes: the limit is for what never ends, also where other checks use the machine.
// By itself, Vitest leaves one core to others, of two as well.
export default defineConfig({
  test: {
    environment: "happy-dom",
    restoreMocks: true,
    testTimeout: 60_000,
    pool: "threads",
    maxWorkers: "100%",
    // `make test` runs these beside the tests of Python: what is written between their dots is to be what failed.
    reporters: "dot",
    silent: "passed-only",
  },
});
