/** Trains on structured texts, samples from the models, and counts what is right. */
import { sampleMany, type SampleManyOptions } from "../../src/generate/mod.ts";
import { isOfLines } from "../../src/generate/options.ts";
import type { Model } from "../../src/model/model.ts";
import { describeModel } from "../../src/train/auto_reasons.ts";
import type { TrainResult } from "../../src/train/result.ts";
import { train } from "../../src/train/train.ts";
import { corpusFromText } from "../../src/text/corpus.ts";
import type { Candidate } from "./candidates.ts";
import { checkAll, cutRecords, isWhole, type Structure, type Verdict } from "./structure.ts";

/** Records of a sample without `--lines`, of usual length; the last one is cut off. */
const RECORDS_PER_SAMPLE = 10;

/** A text that models are trained on. */
export interface StructuredText {
  readonly structure: Structure;
  readonly text: string;
  readonly records: readonly string[];
}

/** Makes the text of a structure. */
export async function makeText(structure: Structure, seed: number): Promise<StructuredText> {
  const text = await structure.makeText(seed);
  return { structure, text, records: cutRecords(text, structure.separator).records };
}

/** A trained model and how it was trained. */
export interface Trained {
  readonly model: Model;
  /** The model in words. */
  readonly description: string;
  /** Steps of the run, and the step of its best model. */
  readonly steps: number;
  readonly bestStep: number;
  readonly seconds: number;
  /** Of the best model; `null` if nothing was held out. */
  readonly validationLoss: number | null;
}

/** How a training and its threads are seeded. */
export interface RunOptions {
  readonly seed: number;
  readonly threads: number | "auto";
}

/** Trains a candidate as `train` does. */
export async function trainOn(
  { text, structure }: StructuredText,
  { candidate: { config, limits }, seed, threads }: RunOptions & { readonly candidate: Candidate },
): Promise<Trained> {
  using corpus = corpusFromText(text, structure.name);
  const options = { config: { seed, ...config }, ...limits, threads };
  const { best, latest }: TrainResult = await train(corpus, options);
  return {
    model: best,
    description: describeModel(best.config),
    steps: latest.progress.step,
    bestStep: best.progress.step,
    seconds: latest.progress.elapsedSeconds,
    validationLoss: best.progress.validationLoss,
  };
}

/** What the records of samples are worth. */
export interface Counts {
  /** Records that were checked. */
  readonly records: number;
  /** For how many each criterion holds. */
  readonly holding: readonly number[];
  /** For how many all of them hold. */
  readonly whole: number;
  /** How many of these the training text has, too. */
  readonly copied: number;
  /** The mean of {@linkcode Verdict.extent}; `null` if the structure has none. */
  readonly extent: number | null;
}

/** Counts what is right in texts. */
export function count(
  { structure, records }: Pick<StructuredText, "structure" | "records">,
  texts: readonly (readonly string[])[],
): Counts {
  const known = new Set(records);
  const checked = texts.flatMap((records) => {
    const verdicts = checkAll(structure, records);
    return records.map((record, i) => ({ record, verdict: verdicts[i]! }));
  });
  const verdicts = checked.map(({ verdict }) => verdict);
  const whole = checked.filter(({ verdict }) => isWhole(verdict));
  return {
    records: checked.length,
    holding: structure.criteria.map((_, i) => verdicts.filter(({ holds }) => holds[i]).length),
    whole: whole.length,
    copied: whole.filter(({ record }) => known.has(record)).length,
    extent: structure.extent === undefined ? null : meanExtent(verdicts),
  };
}

function meanExtent(verdicts: readonly Verdict[]): number {
  return verdicts.reduce((sum, { extent = 0 }) => sum + extent, 0) / verdicts.length;
}

/** How a model is sampled. */
export interface Sampling extends Pick<SampleManyOptions, "temperature" | "topP"> {
  /** Characters in all. */
  readonly chars: number;
  readonly seed: number;
  /** The records of the text that each sample continues; 0: it begins after a burn-in. */
  readonly promptRecords: number;
}

/** Samples records from a model: several texts, each in the order in which it was written. */
export function sampleRecords(
  model: Model,
  { structure, text, records }: StructuredText,
  { chars, promptRecords, ...options }: Sampling,
): string[][] {
  const { separator } = structure;
  const longest = records.reduce((longest, { length }) => Math.max(longest, length), 0);
  const ofLines = isOfLines(model.config);
  const usual = Math.ceil(text.length / records.length);
  const length = ofLines
    ? longest + separator.length
    : Math.max(longest, RECORDS_PER_SAMPLE * usual);
  const count = Math.ceil(chars / (ofLines ? usual : length));
  const prompt = promptRecords === 0 || ofLines
    ? {}
    : { prompt: records.slice(-promptRecords).map((record) => record + separator).join("") };
  return sampleMany(model, { ...options, ...prompt, length, count }).map((sampled) => {
    const { records, rest } = cutRecords(sampled, separator);
    // What the end of a sample cuts off is not judged, unless it is too long to be a record.
    return rest.length < (ofLines ? length : longest) ? [...records] : [...records, rest];
  });
}
