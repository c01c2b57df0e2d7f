/** The size of memory and its limits, which small networks do not reach. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { Engine } from "../../src/engine/engine.ts";
import { instantiate, type Plan } from "../../src/engine/kernels/instance.ts";
import { parameterNames, type ParameterSet, zeroParameters } from "../../src/model/parameters.ts";
import { Xoshiro128 } from "../../src/random.ts";
import { precisions } from "../assembly/module.ts";
import { oneHot, referenceGradients } from "../reference/network.ts";

function randomParameters(sizes: { inputs: number; hidden: number; outputs: number }, seed = 1) {
  const random = new Xoshiro128(seed);
  const parameters: ParameterSet = zeroParameters(sizes, "f64");
  for (const name of parameterNames) {
    const scale = name === "Whh" ? 1 / Math.sqrt(sizes.hidden) : 0.5;
    parameters[name].forEach((_, i, array) => array[i] = Math.fround(scale * random.normal()));
  }
  return { parameters, random };
}

// Gradients of many units and many rows fill packed blocks of 96 rows and a depth of 256 to the last
// number; a block that is too small would overwrite the next buffer.
for (const precision of precisions) {
  Deno.test(`Packed blocks have space for the largest products, ${precision}`, () => {
    const sizes = { inputs: 3, hidden: 100, outputs: 97 };
    const [seqLength, batchSize] = [20, 13];
    const { parameters, random } = randomParameters(sizes);
    const engine = new Engine({ ...sizes, precision, seqLength, batchSize });
    engine.writeParameters(parameters);
    engine.inputIds.forEach((_, i, ids) => ids[i] = random.nextUint32() % sizes.inputs);
    engine.targetIds.forEach((_, i, ids) => ids[i] = random.nextUint32() % sizes.outputs);
    engine.forward();
    engine.crossEntropy();
    engine.backward();
    const { gradients } = referenceGradients(sizes, parameters, {
      seqLength,
      batchSize,
      inputs: oneHot(engine.inputIds, sizes.inputs),
      targets: oneHot(engine.targetIds, sizes.outputs),
      hiddenState: new Float64Array(batchSize * sizes.hidden),
    });
    const actual = engine.readGradients();
    // The relative error and its floor, as in gradients_test.ts.
    const [error, floor] = precision === "f64" ? [1e-10, 1e-4] : [1e-4, 1e-2];
    for (const name of parameterNames) {
      let largest = 0;
      for (const g of gradients[name]) largest = Math.max(largest, Math.abs(g));
      gradients[name].forEach((wanted, i) => {
        const difference = Math.abs(actual[name][i]! - wanted);
        const allowed = error * Math.max(Math.abs(wanted), floor * largest);
        assert(difference <= allowed, `${name}[${i}]: ${actual[name][i]}, not ${wanted}`);
      });
    }
  });
}

Deno.test("Engine handles addresses above 2 GiB", () => {
  const sizes = { inputs: 3, hidden: 4, outputs: 3 };
  const { parameters, random } = randomParameters(sizes);
  // About 3 GiB are planned; the machine allocates only the pages that one step touches.
  const batchSize = 1000;
  const plan = { ...sizes, batchSize, denseInputs: false, denseTargets: false, training: false };
  const { layout } = instantiate("f32", { ...plan, seqLength: 65536 });
  assert(layout.losses > 2 ** 31, `the losses are at ${layout.losses}`);
  const [large, small] = [65536, 1].map((seqLength) => {
    const engine = new Engine({
      ...sizes,
      precision: "f32",
      seqLength,
      batchSize,
      training: false,
    });
    engine.writeParameters(parameters);
    return engine;
  });
  for (let stream = 0; stream < batchSize; stream++) {
    const [input, target] = [random.nextUint32() % 3, random.nextUint32() % 3];
    for (const engine of [large!, small!]) {
      engine.inputIds[stream] = input;
      engine.targetIds[stream] = target;
    }
  }
  for (const engine of [large!, small!]) engine.forward(1);
  assertEquals(large!.readOutputs(1), small!.readOutputs(1));
  assertEquals(large!.crossEntropy(1), small!.crossEntropy(1));
  assertEquals(large!.readLosses(1), small!.readLosses(1));
});

Deno.test("instantiate() allocates exactly the pages of the plan", () => {
  for (const precision of precisions) {
    for (let choice = 0; choice < 8; choice++) {
      const [denseInputs, denseTargets, training] = [1, 2, 4].map((bit) => (choice & bit) !== 0);
      const plan: Plan = {
        ...{ inputs: 30, hidden: 50, outputs: 70, seqLength: 25, batchSize: 3 },
        denseInputs: denseInputs!,
        denseTargets: denseTargets!,
        training: training!,
      };
      const { kernels, layout, memory } = instantiate(precision, plan);
      const bytes = kernels.plan(); // The plan is still in memory.
      assertEquals(memory.buffer.byteLength, Math.ceil(bytes / 65536) * 65536);
      // Buffers that are not planned have no address.
      for (
        const [planned, address] of [
          [plan.denseInputs, layout.inputVectors],
          [plan.denseTargets, layout.targetVectors],
          [plan.training, layout.toGradient],
          [plan.training, layout.toMoment1],
          [false, layout.toMoment2],
          [false, layout.toAverage],
        ] as const
      ) {
        assertEquals(address > 0, planned);
      }
    }
  }
});

Deno.test('Engine rejects access to optimizer state without "training"', () => {
  const sizes = { inputs: 2, hidden: 3, outputs: 2 };
  const options = {
    ...sizes,
    precision: "f64",
    seqLength: 1,
    batchSize: 1,
    training: false,
  } as const;
  const engine = new Engine(options);
  const { parameters } = randomParameters(sizes);
  engine.writeParameters(parameters);
  assertThrows(() => engine.readOptimizerState(), RangeError, '"training" false');
  const zeros = zeroParameters(sizes, "f64");
  assertThrows(() => engine.writeOptimizerState(zeros), RangeError, '"training" false');
  assertEquals(engine.readParameters(), parameters);
});

Deno.test("Engine rejects vectors of a wrong length", () => {
  const sizes = { inputs: 2, hidden: 3, outputs: 4 };
  const options = { ...sizes, precision: "f64", seqLength: 2, batchSize: 3 } as const;
  const engine = new Engine({ ...options, denseInputs: true, denseTargets: true });
  for (const length of [0, 11, 13]) {
    const vectors = new Float64Array(length);
    assertThrows(() => engine.writeInputVectors(vectors), RangeError, "it has 12 numbers");
    assertThrows(() => engine.writeTargetVectors(vectors, 1), RangeError, "12 numbers");
  }
  assertThrows(() => engine.writeInputVectors(new Float64Array(18), 3), RangeError, "1 to 2");
  assertThrows(() => engine.writeTargetVectors(new Float64Array(36), 3), RangeError, "1 to 2");
});
