/**
 * What the tests let a program of the packed library do, in every runtime: plain JavaScript, because
 * a page loads it as it is.
 *
 * @module
 */

/** A text of 30 distinct characters without a short period. */
export const text = Array.from(
  { length: 6000 },
  (_, i) => "etaoin shrdlu\ncmfwypvbgkjqxz.,"[(i * i + (i * 7 >> 2)) % 31 % 30],
).join("");

/** Steps of a training, which is stopped at half of them and resumed. */
export const STEPS = 24;

/** A configuration that computes with every kind of kernel. */
const config = {
  cell: "gru",
  hidden: 24,
  layers: 2,
  seqLength: 12,
  batchSize: 24,
  lr: 0.01,
  seed: 7,
  valFraction: 0.05,
  optimizer: "adamw",
  weightDecay: 0.1,
  dropout: 0.2,
  init: "orthogonal",
};

/**
 * Trains, stops, resumes, samples, evaluates and scores.
 *
 * @param unroll The library.
 * @param options The precision to ask for, and the number of threads.
 * @returns What must be the same everywhere.
 */
export async function exercise(unroll, { precision, threads }) {
  const corpus = unroll.corpusFromText(text);
  const options = { config: { ...config, precision }, threads };
  const half = await unroll.train(corpus, { ...options, steps: STEPS / 2 });
  const file = await unroll.encodeCheckpoint(half.latest);
  const resume = await unroll.decodeCheckpoint(file);
  const { best, latest } = await unroll.train(corpus, { resume, threads, steps: STEPS });
  const part = text.slice(0, 500);
  const evaluation = await unroll.evaluate(latest, unroll.corpusFromText(part));
  return {
    precision: latest.config.precision,
    weights: await hashWeights(latest),
    best: await hashWeights(best),
    sample: unroll.sample(latest, { seed: 3, length: 100, temperature: 0.8 }),
    greedy: unroll.sample(latest, { prompt: "ea", length: 30, greedy: true }),
    evaluation,
    score: unroll.score(latest, part.slice(0, 60)),
  };
}

/** Begins a training, and returns the checkpoint of its first steps as a file. */
export async function begin(unroll, { precision, steps }) {
  const corpus = unroll.corpusFromText(text);
  const { latest } = await unroll.train(corpus, { config: { ...config, precision }, steps });
  return await unroll.encodeCheckpoint(latest);
}

/** Resumes a training from a file, and returns the next file. */
export async function resume(unroll, { file, steps }) {
  const checkpoint = await unroll.decodeCheckpoint(file);
  const corpus = unroll.corpusFromText(text);
  const { latest } = await unroll.train(corpus, { resume: checkpoint, steps });
  return await unroll.encodeCheckpoint(latest);
}

/** The SHA-256 of all weights. */
export async function hashWeights({ parameters }) {
  const bytes = Object.values(parameters).flatMap((weights) => [
    ...new Uint8Array(weights.buffer, weights.byteOffset, weights.byteLength),
  ]);
  const digest = await crypto.subtle.digest("SHA-256", new Uint8Array(bytes));
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Calls that must fail, by what they show. */
const failures = {
  missingText: ({ files }) => files.readCorpus("missing.txt"),
  missingCheckpoint: ({ files }) => files.readCheckpoint("missing.safetensors"),
  noTextOfPattern: ({ files }) => files.readCorpus("missing-*.txt"),
  folderAsCheckpoint: ({ files }) => files.readCheckpoint("."),
  otherProgram: async ({ unroll }) => {
    const header = new TextEncoder().encode('{"__metadata__":{"format":"pt"}}');
    const file = new Uint8Array(8 + header.length);
    file[0] = header.length;
    file.set(header, 8);
    await unroll.decodeCheckpoint(file);
  },
  brokenHeader: ({ unroll }) =>
    unroll.decodeCheckpoint(Uint8Array.of(2, 0, 0, 0, 0, 0, 0, 0, 123, 34)),
  noCheckpoint: ({ unroll }) =>
    unroll.decodeCheckpoint(new TextEncoder().encode("<!doctype html>")),
  manyThreads: ({ unroll }) => unroll.train(unroll.corpusFromText(text), { threads: 65 }),
  noThreads: ({ unroll }) => unroll.prepareThreads(0),
  wrongOption: ({ unroll }) => unroll.train(unroll.corpusFromText(text), { step: 3 }),
  wrongConfig: ({ unroll }) => unroll.train(unroll.corpusFromText(text), { config: { lr: -1 } }),
  shortText: ({ unroll }) => unroll.train(unroll.corpusFromText("a")),
};

/** The errors of wrong calls: names and messages. Without `files`, of those that need none. */
export async function fail(entries) {
  const errors = {};
  for (const [name, call] of Object.entries(failures)) {
    if (entries.files === undefined && `${call}`.includes("files")) continue;
    try {
      await call(entries);
      errors[name] = "no error";
    } catch (error) {
      errors[name] = `${error.name}: ${error.message}`;
    }
  }
  return errors;
}
