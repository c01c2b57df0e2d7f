/**
 * Trains a network on numbers instead of characters: it reads a sine wave and predicts its next
 * value. The loss is the mean squared error, whose gradient this program computes itself.
 *
 *     deno run examples/sine_wave.ts
 *
 * @module
 */
import { Engine, initialParameters, Xoshiro128 } from "../src/engine/mod.ts";

const [seqLength, batchSize] = [40, 8];
const sizes = { cell: "gru", inputs: 1, hidden: 24, outputs: 1 } as const;
const precision = "f32";
using engine = new Engine({
  ...sizes,
  precision,
  seqLength,
  batchSize,
  denseInputs: true,
  stateSlots: 2,
});
const random = new Xoshiro128(1);
engine.writeParameters(initialParameters(sizes, { precision, init: "xavier", random }));

/** The waves of all streams from a time on, [T, B]; each stream is at another phase. */
function waves(from: number): Float64Array {
  return Float64Array.from(
    { length: seqLength * batchSize },
    (_, row) => Math.sin((from + Math.floor(row / batchSize)) / 5 + row % batchSize),
  );
}

for (let step = 1; step <= 300; step++) {
  const from = step * seqLength;
  const targets = waves(from + 1);
  engine.writeInputVectors(waves(from));
  engine.forward();
  const errors = Float64Array.from(engine.readOutputs(), (y, row) => y - targets[row]!);
  const loss = errors.reduce((sum, error) => sum + error ** 2, 0) / errors.length;
  // The derivative of the mean of (y − target)² with respect to y.
  engine.writeOutputGradients(errors.map((error) => 2 * error / errors.length));
  engine.backward();
  engine.update({ optimizer: "adam", lr: 0.01, gradClip: 1, step });
  engine.carryHiddenState();
  if (step === 1 || step % 100 === 0) console.log(`step ${step}: loss ${loss.toExponential(1)}`);
}
