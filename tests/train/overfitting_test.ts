import { assert, assertEquals } from "@std/assert";
import { isOverfitted, OverfittingWatch } from "../../src/train/overfitting.ts";
import { metricsAt } from "./metrics.ts";

/** The number of validations after which a run of these losses ends; `null` if it does not. */
function endOf(losses: readonly number[]): number | null {
  let best = 0;
  for (const [i, loss] of losses.entries()) {
    if (loss < losses[best]!) best = i;
    const progress = {
      validationLoss: loss,
      bestValidationLoss: losses[best]!,
      validatedStep: i + 1,
      bestStep: best + 1,
      validationsSinceBest: i - best,
    };
    if (isOverfitted(progress)) return i + 1;
  }
  return null;
}

function curve(length: number, loss: (i: number) => number): number[] {
  return Array.from({ length }, (_, i) => loss(i));
}

Deno.test("isOverfitted() ends a run whose loss rises for long, soon after its best", () => {
  const rising = curve(100, (i) => i < 6 ? 2 - 0.1 * i : 1.5 + 0.02 * (i - 5));
  const end = endOf(rising)!;
  assert(end >= 16 && end <= 30, `${end}`);
});

Deno.test("isOverfitted() never ends a run that would still improve", () => {
  const runs = [
    // A plateau before a late improvement, flat or with noise.
    curve(300, (i) => i < 20 || i > 250 ? 2 - i / 300 : 1.93 + 0.02 * Math.sin(i)),
    // A slow rise that the cooldown at the end turns into an improvement.
    curve(
      100,
      (i) => i < 20 ? 2 - 0.025 * i : i < 80 ? 1.5 + 0.001 * (i - 20) : 1.56 - 0.005 * (i - 80),
    ),
    // A rate that is too high until the schedule lowers it.
    curve(60, (i) => i < 5 ? 2.5 - 0.1 * i : i < 12 ? 2.6 : 2.4 - 0.02 * i),
    // Dropout, which the loss rises with at first.
    curve(100, (i) => i < 70 ? 1.6 - i / 1000 : i < 85 ? 1.56 : 1.52),
    curve(50, () => 1),
    [],
  ];
  for (const losses of runs) assertEquals(endOf(losses), null);
});

/** What a watch reports of validation and training losses, by the index. */
function reportsOf(losses: readonly (readonly [validation: number | null, training: number])[]) {
  const watch = new OverfittingWatch();
  return losses.flatMap(([validationLoss, loss], i) =>
    watch.add(metricsAt(i + 1, { validationLoss, loss })) === null ? [] : [i + 1]
  );
}

Deno.test("OverfittingWatch reports a growing gap, once", () => {
  const losses = curve(40, (i) => i < 10 ? 2 - 0.05 * i : 1.5 + 0.01 * (i - 9))
    .map((validation, i) => [validation, 2 - 0.04 * i] as const);
  assertEquals(reportsOf(losses), [14]);
  assertEquals(reportsOf(losses.flatMap((pair) => [pair, [null, 1] as const])), [27]);
});

Deno.test("OverfittingWatch reports no plateau, no noise, and no run that gets worse altogether", () => {
  assertEquals(reportsOf(curve(50, (i) => 2 + 0.001 * (i % 5)).map((loss) => [loss, 1])), []);
  assertEquals(reportsOf(curve(50, (i) => 2 + 0.1 * i).map((loss) => [loss, loss])), []);
  // All that there is has been learned: the training loss does no more than fluctuate.
  const fluctuating = (i: number) => [1.05 + 0.0004 * i, 1.06 + 0.004 * Math.cos(i)] as const;
  assertEquals(reportsOf(Array.from({ length: 60 }, (_, i) => fluctuating(i))), []);
  assertEquals(reportsOf(curve(50, (i) => 3 - 0.01 * i).map((loss) => [loss, loss / 2])), []);
});
