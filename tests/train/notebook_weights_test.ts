/** The trainer compared with the Adagrad notebook's loop for one stream: loss, weights and state. */
import { assert, assertEquals } from "@std/assert";
import { sizesOf } from "../../src/model/model.ts";
import { parameterNames, type RealArray, zeroParameters } from "../../src/model/parameters.ts";
import { corpusFromText } from "../../src/text/corpus.ts";
import { createTrainer } from "../trainers.ts";
import { oneHot, referenceGradients } from "../reference/network.ts";
import { referenceUpdate } from "../reference/optimizers.ts";

const data = "Hope is the thing with feathers that perches in the soul. ".repeat(3);

/** The largest difference, relative to the largest expected number. */
function difference(actual: RealArray, expected: RealArray): number {
  let scale = 1e-300, max = 0;
  expected.forEach((x, i) => {
    scale = Math.max(scale, Math.abs(x));
    max = Math.max(max, Math.abs(x - actual[i]!));
  });
  return max / scale;
}

// At the notebook's own learning rate training is chaotic: rounding errors grow with every step.
for (const [lr, updates] of [[0.1, 15], [0.01, 60]] as const) {
  Deno.test(`Trainer.step() gives weights, sums and states of the notebook's loop with lr ${lr}`, () => {
    using trainer = createTrainer(corpusFromText(data), {
      preset: "min-char-rnn",
      hidden: 10,
      lr,
      valFraction: 0,
      precision: "f64",
    });
    const { seqLength, hidden, gradClip } = trainer.config;
    assertEquals([seqLength, trainer.config.batchSize, gradClip], [25, 1, 5]);
    const start = trainer.checkpoint();
    const sizes = sizesOf(start);
    const weights = start.parameters;
    const sums = zeroParameters(sizes, "f64");
    const ids = [...start.vocabulary.encode(data)];

    let p = 0;
    let h = new Float64Array(hidden);
    let resets = 0;
    for (let i = 1; i <= updates; i++) {
      if (p + seqLength + 1 >= data.length) {
        h = new Float64Array(hidden);
        p = 0;
        resets++;
      }
      const { loss, gradients, hiddenStates } = referenceGradients(sizes, weights, {
        seqLength,
        batchSize: 1,
        inputs: oneHot(ids.slice(p, p + seqLength), sizes.inputs),
        targets: oneHot(ids.slice(p + 1, p + seqLength + 1), sizes.outputs),
        hiddenState: h,
      });
      referenceUpdate({ optimizer: "adagrad", lr, gradClip }, weights, gradients, [sums]);
      h = hiddenStates[0]!.slice(-hidden);
      p += seqLength;

      const mine = trainer.step() * seqLength;
      assert(Math.abs(mine - loss) < 1e-9 * loss, `update ${i}: the loss is ${mine}, not ${loss}`);
      const { parameters, optimizerState, hiddenState, progress } = trainer.checkpoint();
      assertEquals(progress.position, p);
      assert(difference(hiddenState, h) < 1e-9, `update ${i}: the state`);
      for (const name of parameterNames) {
        assert(difference(parameters[name], weights[name]) < 1e-9, `update ${i}: ${name}`);
        assert(
          difference(optimizerState![0]![name], sums[name]) < 1e-9,
          `update ${i}: sum of ${name}`,
        );
      }
    }
    assert(resets >= 2, `only ${resets} ends of the data`);
  });
}
