/**
 * The notebooks: their results in the short form, and at least 200 updates with exactly their
 * hyperparameters next to the reference network.
 *
 * With hope's first updates, by Adagrad at 0.1, a rounding error grows a thousandfold within a few
 * updates, in any two programs that round differently. There, each update starts from the state of
 * the reference. The other notebooks stay with the reference throughout.
 */
import { assert, assertEquals } from "@std/assert";
import {
  alphabet,
  createTrainer as createAlphabetTrainer,
  sameLetter,
} from "../../examples/notebooks/alphabet.ts";
import { classNotebook, createEngine, createExample } from "../../examples/notebooks/class.ts";
import { createTrainer as createHelloTrainer, hello } from "../../examples/notebooks/hello.ts";
import { createTrainer as createHopeTrainer, hope } from "../../examples/notebooks/hope.ts";
import {
  createTrainer as createImplementRnnTrainer,
  implementRnn,
} from "../../examples/notebooks/implement_rnn.ts";
import type { Notebook, Result } from "../../examples/notebooks/notebook.ts";
import { Engine } from "../../src/engine/engine.ts";
import { sizesOf } from "../../src/model/model.ts";
import { BatchLoader } from "../../src/text/batches.ts";
import { assertParity, type Parity, vectorsOf } from "../reference/parity.ts";

/** Asserts that updates on one sequence from a zero state stay with the reference. */
function assertSequenceParity(engine: Engine, parity: Pick<Parity, "update" | "updates">): void {
  const vectors = vectorsOf(engine);
  const give = () => ({ ...vectors, fromZero: true });
  assertParity({ engine, ...parity, tolerance: 1e-9, synchronize: false, give });
}

Deno.test("implement-rnn makes the reference's 200 updates", () => {
  const { engine } = createImplementRnnTrainer(1, "f64");
  const update = { optimizer: "sgd", lr: 0.1, gradClip: 5 } as const;
  assertSequenceParity(engine, { update, updates: 200 });
});

Deno.test("alphabet makes the reference's 400 updates", () => {
  const { engine } = createAlphabetTrainer(1, sameLetter);
  const update = { optimizer: "sgd", lr: 0.01, gradClip: 0 } as const;
  assertSequenceParity(engine, { update, updates: 400 });
});

Deno.test("hello makes the reference's 200 updates", () => {
  const { engine } = createHelloTrainer(1);
  const update = { optimizer: "adagrad", lr: 0.1, gradClip: 5 } as const;
  assertSequenceParity(engine, { update, updates: 200 });
});

Deno.test("hope makes each of the reference's 200 updates, with a carried hidden state", () => {
  using trainer = createHopeTrainer(1, "f64");
  const { corpus, config } = trainer;
  const { seqLength, optimizer, lr, gradClip } = config;
  const sizes = sizesOf({ config, vocabulary: corpus.vocabulary });
  const engine = new Engine({ ...sizes, precision: "f64", seqLength, batchSize: 1 });
  engine.writeParameters(trainer.model().parameters);
  const loader = new BatchLoader(corpus, { start: 0, end: corpus.length, batchSize: 1, seqLength });
  assertParity({
    engine,
    update: { optimizer, lr, gradClip },
    updates: 200,
    tolerance: 1e-9,
    synchronize: true,
    give() {
      const fromZero = loader.next(engine.inputIds, engine.targetIds);
      return { ...vectorsOf(engine), fromZero };
    },
  });
});

Deno.test("class makes the reference's 200 updates on vectors, at its learning rate of 1", () => {
  const example = createExample(1);
  const rows = (vectors: Float64Array) => [0, 1, 2, 3].map((t) => vectors.slice(3 * t, 3 * t + 3));
  const given = { inputs: rows(example.inputs), targets: rows(example.targets), fromZero: true };
  assertParity({
    engine: createEngine(example),
    update: { optimizer: "sgd", lr: 1, gradClip: 0 },
    updates: 200,
    tolerance: 1e-9,
    synchronize: false,
    give: () => given,
  });
});

const seeds = [1, 11];
/** Results in the short form by seed, computed once for all tests. */
const resultsBySeed = new Map<string, readonly Result[]>();
function run(notebook: Notebook, seed: number): readonly Result[] {
  const key = `${notebook.name} ${seed}`;
  const results = resultsBySeed.get(key) ?? notebook.run({ seed, full: false });
  resultsBySeed.set(key, results);
  return results;
}

/** The results whose quantity contains a fragment. */
function resultsOf(results: readonly Result[], fragment: string): readonly Result[] {
  const found = results.filter(({ quantity }) => quantity.includes(fragment));
  assert(found.length > 0, fragment);
  return found;
}

/** Tests that all results are in their bands, apart from those that depend on the seed. */
function testResults(notebook: Notebook, { except }: { except?: string } = {}): void {
  Deno.test(`${notebook.name} has results in their bands with several seeds`, () => {
    for (const seed of seeds) {
      for (const { quantity, ours, inBand } of run(notebook, seed)) {
        if (except !== undefined && quantity.includes(except)) continue;
        assert(inBand !== false, `seed ${seed}, ${quantity}: ${ours}`);
      }
    }
  });
}

testResults(implementRnn, { except: "gradient descent, seed" });
testResults(hope);
testResults(alphabet, { except: "continuation of ABCDEFG, seed" });
testResults(hello);
testResults(classNotebook);

Deno.test("implement-rnn shows seeds that fail as failing", () => {
  const results = run(implementRnn, 1);
  const seeds = resultsOf(results, "gradient descent, seed");
  const learned = seeds.filter(({ inBand }) => inBand).length;
  assert(learned < seeds.length);
  const [total] = resultsOf(results, "gradient descent: seeds");
  assertEquals(total!.ours, `${learned} of ${seeds.length}`);
});

Deno.test("class shows which of the notebook's gradients are wrong, and correct ones", () => {
  const results = run(classNotebook, 1);
  for (
    const [name, verdict] of [
      ["Wxh", "wrong"],
      ["Whh", "wrong"],
      ["bh", "wrong"],
      ["Why", "right"],
      ["by", "right"],
    ] as const
  ) {
    const [result] = resultsOf(results, `gradient of ${name},`);
    assert(result!.notebook.endsWith(verdict), `${name}: ${result!.notebook}`);
    assert(Number(result!.ours) < 1e-6);
  }
});
