import { assertEquals } from "@std/assert";
import { threadRange } from "../../src/engine/thread_count.ts";
import { createEvalEngine } from "../../src/evaluate/eval_engine.ts";
import { Evaluator } from "../../src/evaluate/evaluator.ts";
import { EVAL_SEQ_LENGTH } from "../../src/evaluate/pieces.ts";
import { type Model, sizesOf } from "../../src/model/model.ts";
import { corpusFromText } from "../../src/text/corpus.ts";
import { createTrainer } from "../trainers.ts";

const corpus = corpusFromText("the quick brown fox jumps over the lazy dog. ".repeat(20));

function modelOf(hidden: number): Model {
  using trainer = createTrainer(corpus, {
    hidden,
    seqLength: 5,
    batchSize: 2,
    init: "uniform:0.08",
  });
  trainer.step();
  return trainer.model();
}

Deno.test("createEvalEngine() uses the given number of threads, or fewer for a small model", () => {
  const [small, large] = [modelOf(8), modelOf(256)];
  const threadsOf = (model: Model, threads?: number | "auto") => {
    using engine = createEvalEngine(model, { threads });
    return engine.options.threads;
  };
  assertEquals(threadsOf(small, 3), 1);
  assertEquals(threadsOf(large, 1), 1);
  const { most } = threadRange({
    ...sizesOf(large),
    ...{ precision: "f32", seqLength: EVAL_SEQ_LENGTH, batchSize: 1, training: false },
  });
  assertEquals(most > 1, navigator.hardwareConcurrency > 1);
  assertEquals(threadsOf(large, 64), most);
  assertEquals(threadsOf(large), "auto");
});

Deno.test("Evaluator.loss() is the same bits with any number of threads", () => {
  const model = modelOf(256);
  const { parameters } = model;
  const [one, all] = [1, Infinity].map((threads) => {
    using evaluator = new Evaluator(model, { threads });
    return evaluator.loss(corpus, { parameters, spans: [[0, corpus.length]] });
  });
  assertEquals(all, one);
});
