// deno-lint-ignore-file no-explicit-any -- the calls of programs without types
/** Every callable of the public entries, with arguments that are right. */

import * as cli from "../src/cli/main.ts";
import * as engines from "../src/engine/mod.ts";
import * as exports from "../src/export/mod.ts";
import * as files from "../src/files/mod.ts";
import * as sampling from "../src/generate/mod.ts";
import * as unroll from "../src/mod.ts";
import * as runs from "../src/run/mod.ts";

/** The modules of the public entries, by name. */
export const entries: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  unroll,
  engines,
  exports,
  files,
  sampling,
  runs,
  cli,
};

/** How a callable is called. */
export interface Row {
  /** Arguments that are right. */
  readonly args: readonly any[];
  /** Calls it; rows that are called several times begin from the same state each time. */
  readonly call: (...args: any[]) => unknown;
}

const stopped = AbortSignal.abort();

/** Makes the rows, by the names that {@linkcode namesOf} gives; files go to a folder. */
export async function rowsIn(folder: string): Promise<Readonly<Record<string, Row>>> {
  const { Trainer, Vocabulary, Sampler } = unroll;
  const { Engine, Xoshiro128 } = engines;
  const { Run, RunFolder } = runs;
  const text = "row, row, row your boat. ".repeat(20);
  const corpus = unroll.corpusFromText(text, "boat");
  const textPath = `${folder}/boat.txt`;
  Deno.writeTextFileSync(textPath, text);
  const config = unroll.resolveConfig({ hidden: 4, seqLength: 4, batchSize: 2, cell: "lstm" });
  const trainer = Trainer.create(corpus, config, { threads: 1 });
  trainer.step();
  const checkpoint = trainer.checkpoint();
  const bytes = await unroll.encodeCheckpoint(checkpoint);
  const checkpointPath = `${folder}/model.safetensors`;
  await files.writeCheckpoint(checkpointPath, checkpoint);
  const sampler = new Sampler(checkpoint);
  const options = { precision: "f32", inputs: 3, hidden: 4, outputs: 3 } as const;
  const engineOptions = { ...options, seqLength: 2, batchSize: 2, weightAverage: true, threads: 1 };
  const engine = new Engine({ ...engineOptions, dropout: true, cell: "lstm", layers: 2 });
  const vectors = new Engine({ ...engineOptions, denseInputs: true, denseTargets: true });
  const vocabulary = Vocabulary.fromText("abc");
  const random = new Xoshiro128(1);
  const sizes = { cell: "gru", layers: 2, inputs: 3, hidden: 2, outputs: 3 } as const;
  const runConfig = { config, limits: {}, corpus: unroll.corpusIdentity(corpus), history: [] };
  let count = 0;
  const newPath = () => `${folder}/run-${count++}`;
  const openPath = newPath();
  const openFolder = RunFolder.create(openPath, runConfig);
  await openFolder.save(checkpoint, "latest");
  const metrics = {
    ...{ step: 1, epoch: 0, chars: 8, loss: 1, batchLoss: 1, validationLoss: null },
    ...{ lr: 0.1, charsPerSecond: 1, threads: 1, elapsedSeconds: 1 },
  };
  const closedPath = newPath();
  {
    using run = RunFolder.create(closedPath, runConfig);
    await run.save(checkpoint, "latest");
    run.appendMetrics(metrics);
  }
  const create = (path: unknown, given: any, make: (path: any, given: any) => Disposable) => {
    // A path that is wrong stays wrong; a right one is a new folder each time.
    make(typeof path === "string" ? newPath() : path, given)[Symbol.dispose]();
  };
  const training = { signal: stopped, config: { hidden: 4 }, steps: 2, threads: 1 };
  const of = (args: any[], call: (...args: any[]) => unknown): Row => ({ args, call });
  const onEngine = (name: string, args: any[], on: any = engine): [string, Row] => [
    `Engine#${name}`,
    of(args, (...given) => on[name](...given)),
  ];
  const onTrainer = (name: string, args: any[]): [string, Row] => [
    `Trainer#${name}`,
    of(args, (...given) => (trainer as any)[name](...given)),
  ];
  const onGenerator = (name: string): [string, Row] => [
    `Xoshiro128#${name}`,
    of([], () => (random as any)[name]()),
  ];
  const own = engine.readParameters();
  return {
    "corpusFromText": of([text, "boat", { minCount: 1 }], unroll.corpusFromText),
    "readCorpus": of(
      [textPath, { onProgress() {}, maxBytesInMemory: 8, separator: "," }],
      async (...args) => {
        using read = await (files.readCorpus as any)(...args);
        return read.length;
      },
    ),
    "corpusIdentity": of([corpus], unroll.corpusIdentity),
    "new Vocabulary": of([], () => {}),
    "toKnown": of(["abcd", { vocabulary, unknown: "skip" }], unroll.toKnown),
    "Vocabulary.fromText": of(["abc", { unknown: true }], Vocabulary.fromText),
    "Vocabulary.fromCodePoints": of([[97, 98]], Vocabulary.fromCodePoints),
    "Vocabulary#equals": of([vocabulary], (x) => vocabulary.equals(x)),
    "Vocabulary#has": of([97], (x) => vocabulary.has(x)),
    "Vocabulary#idOf": of([97], (x) => vocabulary.idOf(x)),
    "Vocabulary#encode": of(["abc"], (x) => vocabulary.encode(x)),
    "Vocabulary#decode": of([[0, 1]], (x) => vocabulary.decode(x)),
    "resolveConfig": of(
      [{ hidden: 4, seed: 2, init: "xavier" }, { chars: 100 }],
      (...args) => (unroll.resolveConfig as any)(...args),
    ),
    "autoConfig": of(
      [corpus, { hidden: 4, seqLength: 3, optimizer: "adam" }, { minutes: 1 }],
      (...args) => (unroll.autoConfig as any)(...args),
    ),
    "new DivergenceError": of(
      [{ step: 1, reason: "the loss is NaN", config }],
      (...args) => new (unroll.DivergenceError as any)(...args),
    ),
    "new StepStoppedError": of(
      [{ cause: "a signal" }],
      (...args) => new (unroll.StepStoppedError as any)(...args),
    ),
    "new InputError": of(
      ["wrong", { option: "x" }],
      (...args) => new (unroll.InputError as any)(...args),
    ),
    "new TextError": of(
      ["wrong", { option: "x" }],
      (...args) => new (unroll.TextError as any)(...args),
    ),
    "prepareTraining": of([corpus, { ...training, patience: 1 }], async (...args) => {
      using prepared = await (unroll.prepareTraining as any)(...args);
      await prepared.run({ signal: stopped });
    }),
    "train": of(
      [corpus, { ...training, resume: checkpoint, config: {}, onLog() {} }],
      (...args) => (unroll.train as any)(...args),
    ),
    "new Trainer": of([corpus, config, { threads: 1 }], (...args) => {
      new (Trainer as any)(...args)[Symbol.dispose]();
    }),
    "Trainer.create": of([corpus, config, { threads: 1 }], (...args) => {
      (Trainer as any).create(...args)[Symbol.dispose]();
    }),
    "Trainer.createInSlices": of([corpus, config, { threads: 1 }], async (...args) => {
      (await (Trainer as any).createInSlices(...args))[Symbol.dispose]();
    }),
    "predictNext": of(
      [checkpoint, "ro", { topK: 3 }],
      (...args) => (sampling as any).predictNext(...args),
    ),
    "Trainer.fromCheckpoint": of(
      [corpus, checkpoint, { threads: 1, config: { lr: 0.1 } }],
      (...args) => {
        (Trainer as any).fromCheckpoint(...args)[Symbol.dispose]();
      },
    ),
    ...Object.fromEntries([
      onTrainer("step", [{ fractionDone: 0 }]),
      onTrainer("nextLearningRate", [{ fractionDone: 0 }]),
      onTrainer("checkNextStep", [{ fractionDone: 0 }]),
      onTrainer("validate", []),
      onTrainer("model", []),
      onTrainer("checkpoint", [{ elapsedSeconds: 1, loggedStep: null, ended: false }]),
      onTrainer("restore", [checkpoint, { lr: 0.1 }]),
    ]),
    "decodeCheckpoint": of([bytes, "model"], unroll.decodeCheckpoint),
    "encodeCheckpoint": of([checkpoint], unroll.encodeCheckpoint),
    "readCheckpoint": of([checkpointPath, { which: "best" }], files.readCheckpoint),
    "readCheckpointMetadata": of(
      [checkpointPath, { which: "latest" }],
      files.readCheckpointMetadata,
    ),
    "writeCheckpoint": of([`${folder}/copy`, checkpoint, {}], files.writeCheckpoint),
    "sample": of([checkpoint, { prompt: "ro", length: 3, temperature: 1, topK: 3 }], unroll.sample),
    "sampleMany": of([checkpoint, { length: 3, count: 2, seed: 1, stop: "o" }], unroll.sampleMany),
    "sampleStream": of([checkpoint, { length: 3, topP: 0.5 }], async (...args) => {
      return await Array.fromAsync((unroll.sampleStream as any)(...args));
    }),
    "beamSearch": of([checkpoint, { prompt: "ro", length: 3, beam: 2 }], unroll.beamSearch),
    "new Sampler": of([checkpoint], (model) => new Sampler(model)),
    "Sampler#generate": of([{ length: 3, greedy: true }], (given) => [...sampler.generate(given)]),
    "evaluate": of(
      [checkpoint, corpus, { spans: [[0, 9]] }],
      (...args) => (unroll.evaluate as any)(...args),
    ),
    "score": of([checkpoint, "row, row", { top: 2 }], (...args) => (unroll.score as any)(...args)),
    "scoreHtml": of([unroll.score(checkpoint, "row, row"), "boat"], unroll.scoreHtml),
    "nameInvisible": of(["\u00a0"], unroll.nameInvisible),
    "displayedClusters": of([["e", "\u0301"]], unroll.displayedClusters),
    "trainingSplit": of([corpus, config], unroll.trainingSplit),
    "measureBaselines": of([corpus, { split: trainer.split }], unroll.measureBaselines),
    "summarize": of([checkpoint, corpus, { split: trainer.split }], unroll.summarize),

    "encodeWeights": of([checkpoint], exports.encodeWeights),
    "hashWeights": of([checkpoint], exports.hashWeights),
    "encodePytorch": of([checkpoint], exports.encodePytorch),
    "encodeOnnx": of(
      [checkpoint, { dtype: "float32" }],
      (...args) => (exports.encodeOnnx as any)(...args),
    ),
    "encodeHuggingFace": of(
      [checkpoint, { name: "boat", license: "mit" }],
      (...args) => (exports.encodeHuggingFace as any)(...args),
    ),
    "decodeWeights": of(
      [exports.encodeWeights(checkpoint), { vocabulary: [...corpus.vocabulary.characters] }],
      (...args) => (exports.decodeWeights as any)(...args),
    ),

    "batchGradients": of([
      checkpoint,
      {
        seqLength: 2,
        batchSize: 1,
        inputs: [0, 1],
        targets: [1, 2],
        hiddenState: [..."00000000"].map(Number),
      },
    ], engines.batchGradients),
    "dropoutSeed": of([1, 2], engines.dropoutSeed),
    "new Engine": of([engineOptions], (given) => new Engine(given)[Symbol.dispose]()),
    ...Object.fromEntries([
      onEngine("clear", []),
      onEngine("readParameters", []),
      onEngine("writeParameters", [own]),
      onEngine("writeParameter", ["by", 1, 0.5]),
      onEngine("readGradients", []),
      onEngine("readOptimizerState", [0]),
      onEngine("writeOptimizerState", [own, 0]),
      onEngine("readWeightAverage", []),
      onEngine("writeWeightAverage", [own]),
      onEngine("readHiddenState", []),
      onEngine("writeHiddenState", [engine.readHiddenState()]),
      onEngine("writeInputVectors", [new Float32Array(12), 2], vectors),
      onEngine("writeTargetVectors", [new Float32Array(12), 2], vectors),
      onEngine("writeOutputGradients", [new Float32Array(12), 2], vectors),
      onEngine("forward", [2, { probability: 0.5, seed: 1 }]),
      onEngine("carryHiddenState", [2]),
      onEngine("readOutputs", [2]),
      onEngine("readHiddenStates", [2, 1]),
      onEngine("readCellStates", [2, 1]),
      onEngine("softmax", [2]),
      onEngine("crossEntropy", [2]),
      onEngine("readLosses", [2]),
      onEngine("backward", [2]),
      onEngine("gradientNorm", []),
      onEngine("update", [{ optimizer: "adagrad", lr: 0.1, gradClip: 5, momentum: 0, step: 1 }]),
      onEngine("parametersAreFinite", []),
      onEngine("gradientsAreFinite", []),
    ]),
    "Engine#readGates": of([2, 1], (...args) => {
      engine.forward();
      return engine.readGates(...args);
    }),
    "checkGradients": of(
      [{ hidden: 2, seqLength: 2, batchSize: 1, layers: 1 }, 1],
      (...args) => (engines.checkGradients as any)(...args),
    ),
    "initialParameters": of(
      [sizes, { init: "xavier", precision: "f64", random }],
      (...args) => (engines.initialParameters as any)(...args),
    ),
    "parameterShapes": of([sizes], engines.parameterShapes),
    "zeroParameters": of([sizes, "f32"], engines.zeroParameters),
    "prepareThreads": of([1], engines.prepareThreads),
    "new Xoshiro128": of([1, 1], (...args) => new (Xoshiro128 as any)(...args)),
    "Xoshiro128.fromState": of([random.state()], Xoshiro128.fromState),
    ...Object.fromEntries(["state", "nextUint32", "uniform", "normal", "jump"].map(onGenerator)),

    "readMetrics": of([closedPath], runs.readMetrics),
    "readRun": of([closedPath], runs.readRun),
    "new MetricsReader": of([closedPath], (path) => new runs.MetricsReader(path)),
    "MetricsReader#read": of([], () => new runs.MetricsReader(closedPath).read()),
    "defaultRunPath": of(["boat.txt"], runs.defaultRunPath),
    "new RunLockedError": of([], () => new runs.RunLockedError("wrong")),
    "new Run": of([], () => {}),
    "Run.create": of([
      corpus,
      { path: newPath(), ifExists: "replace", config: { hidden: 4 }, limits: { steps: 1 } },
    ], async (...args) => {
      (await (Run as any).create(...args))[Symbol.dispose]();
    }),
    "Run.resume": of([closedPath, corpus, { config: { lr: 0.1 }, limits: { steps: 2 } }], async (
      path,
      ...args
    ) => {
      const opened = path === closedPath ? await RunFolder.open(path) : path;
      try {
        (await (Run as any).resume(opened, ...args))[Symbol.dispose]();
      } finally {
        if (path === closedPath) opened.folder[Symbol.dispose]();
      }
    }),
    "Run#train": of([{ signal: stopped, onLog() {} }], async (given) => {
      using run = await Run.create(corpus, {
        ...{ path: newPath(), config: { hidden: 4 }, limits: { steps: 1 }, threads: 1 },
      });
      await run.train(given);
    }),
    "new RunFolder": of([], () => {}),
    "RunFolder.create": of(
      [newPath(), runConfig],
      (...args) => create(args[0], args[1], RunFolder.create),
    ),
    "RunFolder.createNumbered": of(
      [newPath(), runConfig],
      (...args) => create(args[0], args[1], RunFolder.createNumbered),
    ),
    "RunFolder.replace": of(
      [newPath(), runConfig],
      (...args) => create(args[0], args[1], RunFolder.replace),
    ),
    "RunFolder.open": of([closedPath], async (path) => {
      (await RunFolder.open(path)).folder[Symbol.dispose]();
    }),
    "RunFolder#truncateTo": of([checkpoint.progress], (given) => openFolder.truncateTo(given)),
    "RunFolder#writeConfig": of([runConfig], (given) => openFolder.writeConfig(given)),
    "RunFolder#appendMetrics": of([metrics], (given) => openFolder.appendMetrics(given)),
    "RunFolder#save": of([checkpoint, "latest"], (...args) => (openFolder as any).save(...args)),
    "exitCodeOf": of([cli.commands, ["sample", "--version"]], cli.exitCodeOf),
  };
}

/** The names of the callables of an entry: functions, constructors, and methods of classes. */
export function namesOf(entry: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(entry).flatMap(([name, value]) => {
    if (typeof value !== "function") return [];
    if (!/^class\b/.test(String(value))) return [name];
    const methods = (of: object, prefix: string) =>
      Object.entries(Object.getOwnPropertyDescriptors(of))
        .filter(([key, { value }]) => key !== "constructor" && typeof value === "function")
        .map(([key]) => `${prefix}${key}`);
    return [
      `new ${name}`,
      ...methods(value, `${name}.`),
      ...methods(value.prototype, `${name}#`),
    ];
  });
}
