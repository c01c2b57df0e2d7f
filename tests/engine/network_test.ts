/** Every cell, with one to three layers, with and without dropout, against the plain reference. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { Engine } from "../../src/engine/engine.ts";
import { checkGradients } from "../../src/engine/gradient_check.ts";
import {
  elementCount,
  type ParameterName,
  parameterSet,
  parameterShapes,
  type Precision,
} from "../../src/model/parameters.ts";
import { Xoshiro128 } from "../../src/random.ts";
import { precisions } from "../assembly/module.ts";
import { dropoutFactors } from "../reference/dropout.ts";
import { oneHot, referenceGradients, referenceShapes } from "../reference/network.ts";

const cells = ["rnn", "gru", "lstm"] as const;
const vocabulary = 6;
/** H, T, B and threads: one stream, and several, split by rows and by streams. */
const shapes = [[5, 6, 1, 1], [6, 4, 3, 1], [9, 3, 2, 2], [7, 3, 18, 1], [4, 3, 50, 3]] as const;
/** The relative error and its floor, as in gradients_test.ts. */
const tolerances = { f64: [1e-10, 1e-4], f32: [1e-4, 1e-2], "f32-strict": [1e-4, 1e-2] } as const;

function assertClose(
  precision: Precision,
  actual: ArrayLike<number>,
  wanted: ArrayLike<number>,
  what: string,
): void {
  assertEquals(actual.length, wanted.length, what);
  const [error, floor] = tolerances[precision];
  const largest = Array.from(wanted).reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  for (let i = 0; i < wanted.length; i++) {
    const allowed = error * Math.max(Math.abs(wanted[i]!), floor * largest);
    const difference = Math.abs(actual[i]! - wanted[i]!);
    assert(difference <= allowed, `${what}[${i}]: ${actual[i]}, not ${wanted[i]}`);
  }
}

for (const precision of precisions) {
  for (const cell of cells) {
    for (const layers of [1, 2, 3]) {
      Deno.test(`Engine equals the reference, ${layers} × ${cell}, ${precision}`, () => {
        for (const probability of layers === 1 ? [0] : [0, 0.3]) {
          for (const [hidden, seqLength, batchSize, threads] of shapes) {
            const what = `H ${hidden} T ${seqLength} B ${batchSize} p ${probability}`;
            const sizes = { cell, layers, inputs: vocabulary, hidden, outputs: vocabulary };
            const random = new Xoshiro128(layers);
            const dropout = probability > 0;
            using engine = new Engine({
              ...sizes,
              precision,
              seqLength,
              batchSize,
              threads,
              dropout,
            });
            // Numbers that every precision represents exactly.
            const draw = (scale: number) => Math.fround(scale * random.normal());
            const parameters = parameterSet(sizes, (_, shape) => {
              return Float64Array.from({ length: elementCount(shape) }, () => draw(0.4));
            });
            assertEquals(parameterShapes(sizes), referenceShapes(sizes));
            engine.writeParameters(parameters);
            const state = Float64Array.from(engine.readHiddenState(), () => draw(0.5));
            engine.writeHiddenState(state);
            assertEquals(Array.from(engine.readHiddenState()), Array.from(state));
            for (let row = 0; row < seqLength * batchSize; row++) {
              engine.inputIds[row] = random.nextUint32() % vocabulary;
              engine.targetIds[row] = random.nextUint32() % vocabulary;
            }
            const drop = { probability, seed: 2 ** 40 + 12345 };
            const each = layers * batchSize * hidden;
            const wanted = referenceGradients(sizes, parameters, {
              seqLength,
              batchSize,
              inputs: oneHot(engine.inputIds, vocabulary),
              targets: oneHot(engine.targetIds, vocabulary),
              hiddenState: state.slice(0, each),
              ...cell === "lstm" && { cellState: state.slice(each) },
              ...dropout && {
                dropout: Array.from(
                  { length: layers - 1 },
                  (_, layer) => dropoutFactors(seqLength * batchSize, hidden, layer, drop),
                ),
              },
            });
            engine.forward(seqLength, drop);
            assertClose(precision, engine.readOutputs(), wanted.logits, `${what}: logits`);
            wanted.hiddenStates.forEach((states, layer) => {
              const own = engine.readHiddenStates(seqLength, layer);
              assertClose(precision, own, states, `${what}: states of ${layer}`);
            });
            wanted.gates.forEach((gates, layer) => {
              const own = Object.values(engine.readGates(seqLength, layer));
              assertEquals(own.length, { rnn: 0, gru: 3, lstm: 4 }[cell]);
              // The reference has the gates of a row one after the other.
              own.forEach((values, gate) => {
                const expected = Array.from(
                  values,
                  (_, i) =>
                    gates[(Math.floor(i / hidden) * own.length + gate) * hidden + i % hidden]!,
                );
                assertClose(precision, values, expected, `${what}: gate ${gate} of ${layer}`);
              });
            });
            wanted.cellStates?.forEach((states, layer) => {
              const own = engine.readCellStates(seqLength, layer);
              assertClose(precision, own, states, `${what}: cell states of ${layer}`);
            });
            assertClose(precision, [engine.crossEntropy()], [wanted.loss], `${what}: loss`);
            engine.backward();
            const gradients = engine.readGradients();
            for (const [name, gradient] of Object.entries(wanted.gradients)) {
              const actual = gradients[name as ParameterName]!;
              assertClose(precision, actual, gradient, `${what}: ${name}`);
            }
            engine.carryHiddenState();
            const last = [...wanted.hiddenStates, ...wanted.cellStates ?? []]
              .flatMap((states) => [...states.slice(-batchSize * hidden)]);
            assertClose(precision, engine.readHiddenState(), last, `${what}: the carried state`);
          }
        }
      });
    }
  }
}

for (const cell of cells) {
  for (const layers of [1, 2, 3]) {
    Deno.test(`checkGradients() confirms the gradients, ${layers} × ${cell}`, () => {
      for (const dropout of layers === 1 ? [0] : [0, 0.4]) {
        for (const threads of [1, 2]) {
          const sizes = { cell, layers, dropout, threads, hidden: 4, seqLength: 3, batchSize: 2 };
          for (const { name, largestError } of checkGradients(sizes)) {
            assert(largestError < 1e-6, `${name}, dropout ${dropout}: ${largestError}`);
          }
        }
      }
    });
  }
}

Deno.test("dropoutFactors() drops its share, a different one for each seed and layer", () => {
  const factors = [1, 2].flatMap((seed) =>
    [0, 1].map((layer) => dropoutFactors(400, 50, layer, { probability: 0.25, seed }))
  );
  for (const [i, one] of factors.entries()) {
    const dropped = one.filter((factor) => factor === 0).length / one.length;
    // Four standard deviations.
    assert(Math.abs(dropped - 0.25) < 4 * Math.sqrt(0.25 * 0.75 / one.length), String(dropped));
    for (const other of factors.slice(0, i)) {
      const both = one.filter((factor, at) => factor === 0 && other[at] === 0).length / one.length;
      assert(Math.abs(both - 0.0625) < 4 * Math.sqrt(0.0625 * 0.9375 / one.length), String(both));
    }
  }
});

Deno.test("Engine rejects invalid dropout, layers and cells", () => {
  const sizes = {
    inputs: 3,
    hidden: 4,
    outputs: 3,
    seqLength: 1,
    batchSize: 1,
    precision: "f32",
  } as const;
  using engine = new Engine({ ...sizes, layers: 2 });
  const drop = { probability: 0.5, seed: 1 };
  assertThrows(() => engine.forward(1, drop), RangeError, '"dropout" false');
  using dropping = new Engine({ ...sizes, layers: 2, dropout: true });
  for (const wrong of [{ probability: 1 }, { probability: -1 }, { seed: -1 }, { seed: 2 ** 53 }]) {
    assertThrows(() => dropping.forward(1, { ...drop, ...wrong }), RangeError, "dropout");
  }
  assertThrows(() => engine.readHiddenStates(1, 2), RangeError, "from 0 to 1");
  for (const layers of [0, 65, 1.5]) {
    assertThrows(() => new Engine({ ...sizes, layers }), RangeError, '"layers" must be a whole');
  }
  const cell = "mgu" as "gru";
  assertThrows(() => new Engine({ ...sizes, cell }), RangeError, 'rnn, gru, lstm, not "mgu"');
});

Deno.test("Engine.backward() takes the gradient of any loss from writeOutputGradients()", () => {
  for (const precision of precisions) {
    const sizes = { inputs: 3, hidden: 4, outputs: 5, seqLength: 3, batchSize: 2, precision };
    const [reference, other] = [new Engine(sizes), new Engine(sizes)];
    const random = new Xoshiro128(1);
    const parameters = parameterSet(sizes, (_, shape) => {
      return Float64Array.from({ length: elementCount(shape) }, () => random.uniform() - 0.5);
    });
    for (const engine of [reference, other]) {
      engine.writeParameters(parameters);
      engine.inputIds.set([0, 1, 2, 0, 1, 2]);
      engine.targetIds.set([4, 3, 2, 1, 0, 4]);
      engine.forward();
    }
    reference.crossEntropy();
    other.writeOutputGradients(reference.readOutputs());
    reference.backward();
    other.backward();
    assertEquals(other.readGradients(), reference.readGradients());
    assertThrows(() => other.writeOutputGradients([1]), RangeError, "30 numbers");
  }
});

Deno.test("Engine.readGates() and readCellStates() say when there is nothing to read", () => {
  const sizes = { inputs: 3, hidden: 4, outputs: 3, seqLength: 1, batchSize: 1 } as const;
  using rnn = new Engine({ ...sizes, precision: "f32" });
  rnn.forward();
  assertEquals(rnn.readGates(), {});
  assertThrows(() => rnn.readCellStates(), RangeError, "use lstm");
  using lstm = new Engine({ ...sizes, precision: "f32", cell: "lstm" });
  lstm.forward();
  assertEquals(Object.keys(lstm.readGates()), ["i", "f", "g", "o"]);
  assertThrows(() => lstm.readGates(1, 1), RangeError, '"layer"');
  assertThrows(() => lstm.readCellStates(2), RangeError, "whole number from 1 to 1");
  lstm.crossEntropy();
  lstm.backward();
  assertThrows(() => lstm.readGates(), Error, "backward() replaced them");
  lstm.forward();
  assertEquals(lstm.readGates().o?.length, 4);
});
