import { assertEquals } from "@std/assert";
import { defaultThreadCount } from "../../src/engine/thread_count.ts";
import { Evaluator } from "../../src/evaluate/evaluate.ts";
import { createEvalEngine, STEPS } from "../../src/evaluate/eval_engine.ts";
import { sizesOf } from "../../src/model/model.ts";
import { corpusFromText } from "../../src/text/corpus.ts";
import { createTrainer } from "../trainers.ts";

const corpus = corpusFromText("the quick brown fox jumps over the lazy dog. ".repeat(20));

function modelOf(hidden: number) {
  using trainer = createTrainer(corpus, {
    hidden,
    seqLength: 5,
    batchSize: 2,
    init: "uniform:0.08",
  });
  trainer.step();
  return trainer.model();
}

Deno.test("a text is read with as many threads as gain, and no more than may be", () => {
  const [small, large] = [modelOf(8), modelOf(256)];
  const threadsOf = (model: typeof small, most?: number) => {
    using engine = createEvalEngine(model, most);
    return engine.options.threads;
  };
  assertEquals(threadsOf(small), 1);
  assertEquals(threadsOf(large, 1), 1);
  const suitable = defaultThreadCount({ ...sizesOf(large), seqLength: STEPS, batchSize: 1 });
  assertEquals(threadsOf(large), suitable);
  assertEquals(suitable > 1, navigator.hardwareConcurrency > 1);
});

Deno.test("the loss of a text is the same bits with one thread and with all", () => {
  const model = modelOf(256);
  const [one, all] = [1, Infinity].map((most) => {
    using evaluator = new Evaluator(model, most);
    return evaluator.natsPerChar(model.parameters, corpus, [0, corpus.length]);
  });
  assertEquals(all, one);
});
