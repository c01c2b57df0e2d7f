/** However a run is stopped and resumed, its metrics have one line a step, in ascending order. */
import { assert, assertEquals } from "@std/assert";
import { Xoshiro128 } from "../../src/random.ts";
import { readMetrics } from "../../src/run/metrics.ts";
import { Run } from "../../src/run/run.ts";
import type { RunLimits } from "../../src/run/run_config.ts";
import { RunFolder } from "../../src/run/run_folder.ts";
import { testInFolder } from "../folders.ts";
import { corpus } from "./runs.ts";

const config = { hidden: 4, seqLength: 5, batchSize: 1, valFraction: 0.2 } as const;

/** Trains to a limit, or until a signal aborts after some reports. */
async function trainSome(run: Run, reports: number): Promise<void> {
  const controller = new AbortController();
  const count = () => void (--reports === 0 && controller.abort());
  await run.train({ signal: controller.signal, onLog: count, onStatus: count });
}

async function assertAscending(path: string, how: unknown): Promise<number> {
  const steps = (await readMetrics(path)).map(({ step }) => step);
  assert(steps.every((step, i) => i === 0 || step > steps[i - 1]!), JSON.stringify([how, steps]));
  return steps.at(-1) ?? 0;
}

testInFolder("Run.train() writes one line of metrics a step, however it is stopped", async (f) => {
  const random = new Xoshiro128(5);
  const pick = <T>(values: readonly T[]) => values[Math.floor(random.uniform() * values.length)]!;
  for (let n = 0; n < 12; n++) {
    const path = `${f}/run${n}`;
    const logEvery = pick([1, 2, 7, 50]);
    const limitsAfter = (step: number): RunLimits => ({
      ...pick<RunLimits>([
        { steps: step + pick([0, 1, 7, 14, 50]) },
        { minutes: pick([0.00001, 0.0002, 0.001]) },
        { epochs: (step + 10) / 20 },
        { steps: step + 200, patience: 1 },
      ]),
      ...pick([{}, { checkpointEvery: 3 }]),
    });
    const limits = { ...limitsAfter(0), logEvery };
    {
      using run = await Run.create(corpus, { path, config, limits });
      await trainSome(run, pick([1, 2, 5, Infinity]));
    }
    const history: unknown[] = [limits];
    for (let resumes = 0; resumes < 6; resumes++) {
      const last = await assertAscending(path, history);
      const limits = { ...limitsAfter(last), ...pick([{}, { logEvery: pick([1, 3]) }]) };
      history.push(limits);
      using run = await Run.resume(await RunFolder.open(path), corpus, { limits });
      if (!run.isFinished) await trainSome(run, pick([1, 2, 5, Infinity]));
    }
    await assertAscending(path, history);
  }
});

testInFolder(
  "a run that ends by time at a step that it has logged has one line of it",
  async (f) => {
    const path = `${f}/run`;
    // Each step is logged; the end of the run adds a validation to the last.
    using run = await Run.create(corpus, {
      path,
      config,
      limits: { minutes: 0.0005, logEvery: 1 },
    });
    const { latest } = await run.train();
    const metrics = await readMetrics(path);
    assertEquals(metrics.at(-1)!.step, latest.progress.step);
    assert(metrics.at(-1)!.validationLoss !== null);
    assertEquals(new Set(metrics.map(({ step }) => step)).size, metrics.length);
  },
);
