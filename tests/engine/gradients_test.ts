/**
 * Gradients: every number of every parameter's gradient, kernels against the plain float64 reference,
 * and both against finite differences.
 */
import { assert } from "@std/assert";
import fc from "fast-check";
import { Engine } from "../../src/engine/engine.ts";
import { checkGradients } from "../../src/engine/gradient_check.ts";
import {
  parameterNames,
  type ParameterSet,
  type Precision,
  zeroParameters,
} from "../../src/model/parameters.ts";
import { Xoshiro128 } from "../../src/random.ts";
import { type Batch, oneHot, referenceGradients } from "../reference/network.ts";

interface Case {
  readonly hidden: number;
  readonly vocabulary: number;
  readonly batchSize: number;
  readonly seqLength: number;
  /** Input vectors and target distributions instead of ids. */
  readonly dense?: boolean;
}

/**
 * The largest allowed error of a gradient, relative to its own size or to `floor` times the largest of
 * its parameter, whichever is more. The floor is for sums in which large terms cancel, so that their
 * rounding errors remain, about 1e-7 of the largest term in single precision.
 */
const tolerances = {
  "f64": { error: 1e-10, floor: 1e-4 },
  "f32": { error: 1e-4, floor: 1e-2 },
  "f32-strict": { error: 1e-4, floor: 1e-2 },
} as const;
const precisions = ["f64", "f32", "f32-strict"] as const;
/** Sizes around vectors of 2 and 4 numbers and tiles of 4, 6 and 8, multiples of them, and primes. */
const sizes = [1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 13, 16, 17, 24, 25, 31, 48, 49];
const base: Case = { hidden: 5, vocabulary: 7, batchSize: 2, seqLength: 3 };

/** A random network and batch, in numbers that single precision represents exactly. */
function makeCase({ hidden, vocabulary, batchSize, seqLength, dense = false }: Case, seed: number) {
  const random = new Xoshiro128(seed);
  const number = (scale: number) => Math.fround(scale * random.normal());
  // Input and output sizes differ where possible, so that neither can stand for the other.
  const shape = { inputs: dense ? vocabulary + 2 : vocabulary, hidden, outputs: vocabulary };
  const parameters = zeroParameters(shape, "f64");
  for (const name of parameterNames) {
    const scale = name === "Whh" ? 1 / Math.sqrt(hidden) : 0.5;
    parameters[name].forEach((_, i, array) => array[i] = number(scale));
  }
  const rows = seqLength * batchSize;
  const ids = (below: number) => Array.from({ length: rows }, () => random.nextUint32() % below);
  const inputIds = ids(shape.inputs);
  const targetIds = ids(shape.outputs);
  const vectors = Array.from(
    { length: rows },
    () => Float64Array.from({ length: shape.inputs }, () => number(1)),
  );
  const distributions = Array.from({ length: rows }, () => {
    // Some zeros, and a sum that is only approximately 1 after rounding.
    const weights = Float64Array.from(
      { length: shape.outputs },
      () => random.uniform() < 0.3 ? 0 : random.uniform(),
    );
    const sum = weights.reduce((a, b) => a + b, 0) || 1;
    return weights.map((weight) => Math.fround(weight / sum));
  });
  const batch: Batch = {
    seqLength,
    batchSize,
    inputs: dense ? vectors : oneHot(inputIds, shape.inputs),
    targets: dense ? distributions : oneHot(targetIds, shape.outputs),
    hiddenState: Float64Array.from({ length: batchSize * hidden }, () => number(0.5)),
  };
  const engineOf = (precision: Precision) => {
    const engine = new Engine({
      ...shape,
      precision,
      seqLength,
      batchSize,
      denseInputs: dense,
      denseTargets: dense,
    });
    engine.writeParameters(parameters);
    engine.writeHiddenState(batch.hiddenState);
    if (dense) {
      engine.writeInputVectors(vectors.flatMap((vector) => [...vector]));
      engine.writeTargetVectors(distributions.flatMap((vector) => [...vector]));
    } else {
      engine.inputIds.set(inputIds);
      engine.targetIds.set(targetIds);
    }
    return engine;
  };
  return { shape, parameters, batch, engineOf };
}

/** The largest relative error of all numbers; see {@linkcode tolerances}. */
function largestError(actual: ParameterSet, expected: ParameterSet, floor: number): number {
  let worst = 0;
  for (const name of parameterNames) {
    let scale = 0;
    for (const g of expected[name]) scale = Math.max(scale, Math.abs(g));
    expected[name].forEach((wanted, i) => {
      const size = Math.max(Math.abs(wanted), floor * scale);
      const difference = Math.abs(actual[name][i]! - wanted);
      // Negated, so that NaN counts as the largest error.
      if (difference !== 0 && !(difference / size <= worst)) worst = difference / size;
    });
  }
  return worst;
}

function check(given: Case, seed: number): void {
  const { shape, parameters, batch, engineOf } = makeCase(given, seed);
  const expected = referenceGradients(shape, parameters, batch);
  for (const precision of precisions) {
    const engine = engineOf(precision);
    engine.forward();
    const loss = engine.crossEntropy();
    engine.backward();
    const tolerance = tolerances[precision];
    const error = largestError(engine.readGradients(), expected.gradients, tolerance.floor);
    const what = `${precision}, ${JSON.stringify(given)}, seed ${seed}`;
    assert(error < tolerance.error, `${what}: the gradients are off by ${error}`);
    const lossError = Math.abs(loss - expected.loss) / Math.max(1, expected.loss);
    assert(lossError < tolerance.error, `${what}: the loss is off by ${lossError}`);
  }
}

for (const dimension of ["hidden", "vocabulary", "batchSize", "seqLength"] as const) {
  for (const dense of [false, true]) {
    const kind = dense ? "vectors" : "ids";
    Deno.test(`Engine.backward() equals the reference for ${kind} at every "${dimension}"`, () => {
      for (const size of sizes) check({ ...base, dense, [dimension]: size }, size);
    });
  }
}

Deno.test("Engine.backward() equals the reference beyond a packed block of 256", () => {
  check({ hidden: 257, vocabulary: 5, batchSize: 1, seqLength: 2 }, 1);
  check({ hidden: 260, vocabulary: 5, batchSize: 7, seqLength: 2 }, 2);
  check({ hidden: 3, vocabulary: 263, batchSize: 2, seqLength: 2 }, 3);
  check({ hidden: 3, vocabulary: 4, batchSize: 13, seqLength: 21 }, 4);
  check({ hidden: 3, vocabulary: 258, batchSize: 2, seqLength: 2, dense: true }, 5);
});

Deno.test("Engine.backward() equals the reference at random sizes", () => {
  const size = (max: number) => fc.integer({ min: 1, max });
  fc.assert(
    fc.property(
      size(40),
      size(40),
      size(14),
      size(12),
      fc.boolean(),
      fc.nat(),
      (hidden, vocabulary, batchSize, seqLength, dense, seed) =>
        check({ hidden, vocabulary, batchSize, seqLength, dense }, seed),
    ),
    { numRuns: 60, seed: 1 },
  );
});

Deno.test("checkGradients() confirms the gradients of one layer at every size", () => {
  for (const size of [1, 2, 3, 4, 5, 7, 8, 13]) {
    for (const given of [{ hidden: size }, { seqLength: size }, { batchSize: size }]) {
      const all = { hidden: 6, seqLength: 5, batchSize: 2, ...given };
      for (const { name, largestError } of checkGradients(all, size)) {
        assert(largestError < 1e-6, `${name}, ${JSON.stringify(all)}: off by ${largestError}`);
      }
    }
  }
});

Deno.test("referenceGradients() of one layer agrees with finite differences", () => {
  for (const dense of [false, true]) {
    const { shape, parameters, batch } = makeCase({ ...base, dense }, 11);
    const { gradients } = referenceGradients(shape, parameters, batch);
    const lossAt = () => referenceGradients(shape, parameters, batch).loss;
    const h = 2e-3;
    const differences = zeroParameters(shape, "f64");
    for (const name of parameterNames) {
      const array = parameters[name];
      array.forEach((value, i) => {
        const at = (x: number) => {
          array[i] = x;
          return lossAt();
        };
        const inner = at(value + h) - at(value - h);
        const outer = at(value + 2 * h) - at(value - 2 * h);
        array[i] = value;
        differences[name][i] = (8 * inner - outer) / (12 * h);
      });
    }
    const error = largestError(differences, gradients, tolerances.f64.floor);
    assert(error < 1e-6, `${dense ? "vectors" : "characters"}: off by ${error}`);
  }
});
