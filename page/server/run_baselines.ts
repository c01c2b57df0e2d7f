import { readCorpus } from "../../src/files/mod.ts";
import { measureBaselines, trainingSplit } from "../../src/mod.ts";
import type { RunConfig } from "../../src/run/mod.ts";
import type { Baselines } from "../worker/protocol.ts";

/** Baselines of a run; see the event of the same contents. */
export interface RunBaselines {
  readonly baselines: Baselines | null;
  readonly problem: string | null;
}

/** Longer texts are not read again for their baselines. */
const MAX_BYTES = 2 ** 28;

/** What was measured, or is being measured: several runs, and several pages, have the same text. */
const measured = new Map<string, Promise<RunBaselines>>();

/** What baselines depend on, as text. */
export function baselinesKey({ corpus, config }: RunConfig): string {
  const { valFraction, testFraction, holdout, batchSize, seqLength } = config;
  return JSON.stringify([corpus, valFraction, testFraction, holdout, batchSize, seqLength]);
}

/**
 * Measures baselines on the validation part of a run. The run folder has no text, only where it was
 * read from, so this works where the page is served from the folder in which the run was started.
 * The text leaves the server in no other form.
 */
export function baselinesOf(runConfig: RunConfig): Promise<RunBaselines> {
  const key = baselinesKey(runConfig);
  let result = measured.get(key);
  if (result === undefined) measured.set(key, result = measure(runConfig));
  return result;
}

async function measure({ corpus: record, config }: RunConfig): Promise<RunBaselines> {
  const { path, bytes, sha256, reading = { paths: [path] } } = record;
  const without = (problem: string) => ({ baselines: null, problem });
  const name = JSON.stringify(path);
  if (bytes > MAX_BYTES) return without(`The text ${name} is too long to measure baselines on`);
  // A configuration is untrusted: a pipe or a device may have no end.
  if (!reading.paths.every(isFileOrFolder)) {
    return without(
      `There are no baselines, because the text ${name} is not found from where the page is served`,
    );
  }
  try {
    const { paths, ...how } = reading;
    using corpus = await readCorpus(paths, { ...how, maxBytes: bytes });
    if (corpus.sha256 !== sha256) throw new Error("its contents are others");
    const split = trainingSplit(corpus, config);
    const [baselines] = (await measureBaselines(corpus, { split, parts: ["validation"] }))!;
    if (baselines === undefined) return without("There are no baselines, as nothing is held out");
    const { uniform, unigram, bigram, gzip } = baselines;
    return { baselines: { uniform, unigram, bigram, gzip }, problem: null };
  } catch {
    return without(`There are no baselines, because the text ${name} is not the one of the run`);
  }
}

function isFileOrFolder(path: string): boolean {
  try {
    const { isFile, isDirectory } = Deno.statSync(path);
    return isFile || isDirectory;
  } catch {
    return false;
  }
}
