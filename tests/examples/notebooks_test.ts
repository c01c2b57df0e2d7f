/**
 * The notebooks of examples/: their experiments in the shorter form, and at least 200 updates under
 * exactly their settings, from fixed weights, held against the reference.
 *
 * Hope's first updates, Adagrad at 0.1, move every weight by 0.1 and make a rounding error grow
 * a thousandfold every few of them, in any two programs that round differently: there each update is
 * taken from the reference's state. The other four stay with the reference all the way.
 */
import { assert, assertEquals } from "@std/assert";
import { alphabet, start as startAlphabet } from "../../examples/notebooks/alphabet.ts";
import { classNotebook, engineOf, start as startClass } from "../../examples/notebooks/class.ts";
import { hello, start as startHello } from "../../examples/notebooks/hello.ts";
import { hope, start as startHope } from "../../examples/notebooks/hope.ts";
import { implementRnn, start as startImplement } from "../../examples/notebooks/implement_rnn.ts";
import type { Figure, Notebook } from "../../examples/notebooks/notebook.ts";
import { Engine } from "../../src/engine/engine.ts";
import { sizesOf } from "../../src/model/model.ts";
import { BatchLoader } from "../../src/text/batches.ts";
import { assertParity, vectorsOf } from "../reference/parity.ts";

const adagrad = { optimizer: "adagrad", lr: 0.1, gradClip: 5 } as const;

/** One sequence from a zero state, again and again. */
function again(engine: Engine) {
  const vectors = vectorsOf(engine);
  return () => ({ ...vectors, fromZero: true });
}

Deno.test("implement-rnn: 200 updates, one after the other, stay with the reference", () => {
  const { engine } = startImplement(1, "f64");
  const update = { optimizer: "sgd", lr: 0.1, gradClip: 5 } as const;
  const give = again(engine);
  assertParity({ engine, update, updates: 200, tolerance: 1e-9, synchronise: false, give });
});

Deno.test("hope: each of 200 updates is the reference's, with the state carried", () => {
  const trainer = startHope(1, "f64");
  const { corpus, config } = trainer;
  const engine = new Engine({
    ...sizesOf({ config, vocabulary: corpus.vocabulary }),
    precision: "f64",
    seqLength: config.seqLength,
    batchSize: 1,
  });
  engine.writeParameters(trainer.model().parameters);
  const streams = new BatchLoader(corpus, {
    start: 0,
    end: corpus.length,
    batchSize: 1,
    seqLength: config.seqLength,
  });
  assertParity({
    engine,
    update: config,
    updates: 200,
    tolerance: 1e-9,
    synchronise: true,
    give() {
      const fromZero = streams.next(engine.inputIds, engine.targetIds);
      return { ...vectorsOf(engine), fromZero };
    },
  });
});

Deno.test("alphabet: 400 updates, one after the other, stay with the reference", () => {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  const { engine } = startAlphabet(1, letters, letters);
  const update = { optimizer: "sgd", lr: 0.01, gradClip: 0 } as const;
  const give = again(engine);
  assertParity({ engine, update, updates: 400, tolerance: 1e-9, synchronise: false, give });
});

Deno.test("hello: 200 updates, one after the other, stay with the reference", () => {
  const { engine } = startHello(1);
  const give = again(engine);
  const parity = { engine, update: adagrad, tolerance: 1e-9, give };
  assertParity({ ...parity, updates: 200, synchronise: false });
});

Deno.test("class: 200 updates on vectors, at the class's rate of 1, stay with the reference", () => {
  const example = startClass(1);
  const engine = engineOf(example);
  const rows = (all: Float64Array) => [0, 1, 2, 3].map((t) => all.slice(3 * t, 3 * t + 3));
  const given = { inputs: rows(example.inputs), targets: rows(example.targets), fromZero: true };
  assertParity({
    engine,
    update: { optimizer: "sgd", lr: 1, gradClip: 0 },
    updates: 200,
    tolerance: 1e-9,
    synchronise: false,
    give: () => given,
  });
});

/** The figures whose description contains `words`. */
function figures(all: readonly Figure[], words: string): readonly Figure[] {
  const found = all.filter(({ what }) => what.includes(words));
  assert(found.length > 0, words);
  return found;
}

const seeds = [1, 11];

function testFigures(notebook: Notebook, mayFail: readonly string[]): void {
  Deno.test(`${notebook.name}: the figures are in their bands over seeds`, () => {
    for (const seed of seeds) {
      for (const figure of notebook.run({ seed, full: false })) {
        if (mayFail.some((words) => figure.what.includes(words))) continue;
        assert(figure.inBand !== false, `seed ${seed}, ${figure.what}: ${figure.ours}`);
      }
    }
  });
}

testFigures(implementRnn, ["gradient descent, seed"]);
testFigures(hope, []);
testFigures(alphabet, ["continuation of ABCDEFG, seed"]);
testFigures(hello, []);
testFigures(classNotebook, []);

Deno.test("a start that fails is shown failing", () => {
  const all = implementRnn.run({ seed: 1, full: false });
  const starts = figures(all, "gradient descent, seed");
  const learnt = starts.filter(({ inBand }) => inBand).length;
  assert(learnt < starts.length);
  assertEquals(figures(all, "gradient descent: starts")[0]!.ours, `${learnt} of ${starts.length}`);
});

Deno.test("class: the notebook's gradient is wrong where its file says, ours is right", () => {
  const all = classNotebook.run({ seed: 1, full: false });
  for (
    const [name, word] of [
      ["Wxh", "wrong"],
      ["Whh", "wrong"],
      ["bh", "wrong"],
      ["Why", "right"],
      ["by", "right"],
    ] as const
  ) {
    const [figure] = figures(all, `gradient of ${name},`);
    assert(figure!.notebook.endsWith(word), `${name}: ${figure!.notebook}`);
    assert(Number(figure!.ours) < 1e-6);
  }
});
