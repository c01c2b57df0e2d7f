/** The gradient of cross-entropy with a confidence penalty, against the plain reference. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { Engine } from "../../src/engine/engine.ts";
import {
  elementCount,
  parameterSet,
  type Precision,
  zeroParameters,
} from "../../src/model/parameters.ts";
import { Xoshiro128 } from "../../src/random.ts";
import { entropy, oneHot, penalizedGradient, softmax } from "../reference/network.ts";
import { precisions } from "./module.ts";

const tolerance = (precision: Precision) => precision === "f64" ? 1e-13 : 2e-6;
const vocabularies = [1, 2, 3, 4, 5, 8, 15, 16, 17, 65, 257];
const penalties = [0.05, 0.1, 1];

/** An engine with these logits in each of two rows: all weights are 0 but the bias of the head. */
function engineWith(
  precision: Precision,
  logits: ArrayLike<number>,
  denseTargets: boolean,
): Engine {
  const sizes = { inputs: 1, hidden: 1, outputs: logits.length };
  const engine = new Engine({ ...sizes, precision, seqLength: 1, batchSize: 2, denseTargets });
  const parameters = zeroParameters(sizes, precision);
  parameters.by.set(logits);
  engine.writeParameters(parameters);
  return engine;
}

function randomLogits(count: number): Float64Array {
  const random = new Xoshiro128(count);
  return Float64Array.from({ length: count }, () => Math.fround(3 * random.normal()));
}

for (const precision of precisions) {
  Deno.test(`A confidence penalty changes the gradient as the reference, ${precision}`, () => {
    for (const size of vocabularies) {
      const logits = randomLogits(size);
      const random = new Xoshiro128(3);
      const shares = Float64Array.from({ length: size }, () => Math.fround(random.uniform()));
      for (const denseTargets of [false, true]) {
        using engine = engineWith(precision, logits, denseTargets);
        const targets = denseTargets
          ? [shares, new Float64Array(size)]
          : oneHot([size - 1, 0], size);
        if (denseTargets) engine.writeTargetVectors(targets.flatMap((row) => [...row]));
        else engine.targetIds.set([size - 1, 0]);
        engine.forward();
        const loss = engine.crossEntropy();
        for (const penalty of penalties) {
          engine.forward();
          // The loss is the cross-entropy alone.
          const difference = Math.abs(engine.crossEntropy(1, penalty) - loss);
          assert(
            difference <= tolerance(precision) * (1 + loss),
            `the loss is off by ${difference}`,
          );
          const rows = engine.readOutputs();
          targets.forEach((q, row) => {
            const wanted = penalizedGradient(logits, q, penalty);
            wanted.forEach((gradient, v) => {
              const error = Math.abs(2 * rows[row * size + v]! - gradient);
              assert(
                error <= tolerance(precision) * (1 + size),
                `V ${size}, β ${penalty}, [${row}, ${v}]: off by ${error}`,
              );
            });
          });
        }
      }
    }
  });

  Deno.test(`A confidence penalty is finite for huge logits, ${precision}`, () => {
    for (const logits of [[1e30, 0, -1e30], [1e4, -1e4, 0], [-3e38, 3e38, 0], [0, 0, 0]]) {
      using engine = engineWith(precision, logits, false);
      engine.targetIds.fill(2);
      engine.forward();
      engine.crossEntropy(1, 0.5);
      assert(engine.readOutputs().every(Number.isFinite), `${engine.readOutputs()}`);
    }
    // All but one are impossible or all are equal: the entropy has no slope, and p − q is left.
    using engine = engineWith(precision, [0, 0, 0, 0], false);
    engine.forward();
    engine.crossEntropy(1, 0.5);
    assertEquals([...engine.readOutputs()].map((g) => 2 * g), [
      -0.75,
      0.25,
      0.25,
      0.25,
      -0.75,
      0.25,
      0.25,
      0.25,
    ]);
  });

  Deno.test(`A confidence penalty keeps NaN, ${precision}`, () => {
    using engine = engineWith(precision, [1, NaN, 2, 3, 4], false);
    engine.forward();
    assert(Number.isNaN(engine.crossEntropy(1, 0.1)));
    assert(engine.readOutputs().some(Number.isNaN));
  });
}

Deno.test("The gradient with a confidence penalty equals finite differences in all parameters", () => {
  const [seqLength, batchSize, outputs, penalty, delta] = [4, 2, 7, 0.3, 1e-5];
  const random = new Xoshiro128(5);
  using engine = new Engine({
    ...{ precision: "f64", cell: "gru", layers: 2, inputs: outputs, hidden: 5, outputs },
    ...{ seqLength, batchSize },
  });
  engine.writeParameters(
    parameterSet(
      engine.options,
      (_, shape) => Float64Array.from({ length: elementCount(shape) }, () => 0.5 * random.normal()),
    ),
  );
  for (const ids of [engine.inputIds, engine.targetIds]) {
    ids.forEach((_, i) => ids[i] = random.nextUint32() % outputs);
  }
  /** Cross-entropy minus β times the entropy, both from the logits. */
  const lossAt = (): number => {
    engine.forward();
    const y = Float64Array.from(engine.readOutputs());
    let sum = 0;
    engine.targetIds.forEach((target, row) => {
      const p = softmax(y.slice(row * outputs, (row + 1) * outputs));
      sum -= Math.log(p[target]!) + penalty * entropy(p);
    });
    return sum / batchSize;
  };
  engine.forward();
  engine.crossEntropy(seqLength, penalty);
  engine.backward();
  const gradients = engine.readGradients();
  const parameters = engine.readParameters();
  for (const [name, numbers] of Object.entries(gradients)) {
    const key = name as keyof typeof parameters;
    numbers.forEach((gradient, index) => {
      const value = parameters[key]![index]!;
      engine.writeParameter(key, index, value + delta);
      const above = lossAt();
      engine.writeParameter(key, index, value - delta);
      const difference = (above - lossAt()) / (2 * delta);
      engine.writeParameter(key, index, value);
      const error = Math.abs(gradient - difference);
      assert(error < 1e-8, `${name}[${index}]: ${gradient}, not ${difference}`);
    });
  }
});

Deno.test("Engine.crossEntropy() rejects a confidence penalty that is no number from 0 on", () => {
  using engine = engineWith("f64", [0, 1], false);
  engine.forward();
  for (const penalty of [-0.1, NaN, Infinity]) {
    assertThrows(() => engine.crossEntropy(1, penalty), RangeError, '"confidencePenalty" must be');
  }
});
