/**
 * What can be asked of a model beside its training: each operation takes a checkpoint and one
 * argument, and returns what can be posted. One that returns an async iterable yields its items as
 * soon as they are there.
 */
import {
  type BeamOptions,
  beamSearch,
  type Checkpoint,
  encodeCheckpoint,
  predictNext,
  type SampleOptions,
  sampleStream,
  type SamplingFilters,
  score,
  type ScoreOptions,
} from "../../src/mod.ts";
import { type Followed, type InspectedText, Inspection } from "../inside/inspection.ts";
import type { CharacterSpan } from "../inside/text_layout.ts";
import type { Unit } from "../inside/units.ts";
import { knownPrompt, type WrittenPrompt } from "./known_prompt.ts";
import { continuePrompt } from "./training_sample.ts";

/** The model and the text that were looked into last. */
let inspected:
  | { readonly model: Checkpoint; readonly text: InspectedText; inspection: Inspection }
  | null = null;

/** The inspection of a model and a text; the same again if it is that of the last call. */
function inspectionOf(model: Checkpoint, text: InspectedText): Inspection {
  const isSame = inspected?.model === model && inspected.text.text === text.text &&
    inspected.text.unknown === text.unknown;
  if (!isSame) inspected = { model, text, inspection: new Inspection(model, text) };
  return inspected!.inspection;
}

/** The options of a model that continues what is written. */
function withKnownPrompt<T extends WrittenPrompt>(
  model: Checkpoint,
  { prompt, unknown, ...options }: T,
): Omit<T, keyof WrittenPrompt> & { readonly prompt?: string } {
  const known = knownPrompt(model, { prompt, unknown });
  return { ...options, ...known === undefined ? {} : { prompt: known } };
}

/** The operations by name. */
export const operations = {
  describe: (
    { config, vocabulary, progress, corpus }: Checkpoint,
    _: Record<string, never>,
  ) => ({ config, vocabulary: vocabulary.characters, progress, corpus }),

  /** The file of a model without what only training needs: about a third of it. */
  encodeModel: (model: Checkpoint, _: Record<string, never>) =>
    encodeCheckpoint({ ...model, optimizerState: null, trainingParameters: null, corpus: null }),

  predictNext: (
    model: Checkpoint,
    { prompt, unknown, ...filters }: WrittenPrompt & SamplingFilters,
  ) => {
    const known = knownPrompt(model, { prompt, unknown });
    const isOfLines = model.config.holdout === "lines";
    return known === undefined && !isOfLines ? [] : predictNext(model, known ?? "", filters);
  },

  sample: (model: Checkpoint, options: WrittenPrompt & SampleOptions) =>
    sampleStream(model, withKnownPrompt(model, options)),

  continuePrompt: (model: Checkpoint, { prompt }: { readonly prompt: string }) =>
    continuePrompt(model, prompt),

  score: (model: Checkpoint, { text, ...options }: { readonly text: string } & ScoreOptions) =>
    score(model, text, options),

  beamSearch: (model: Checkpoint, options: WrittenPrompt & BeamOptions) =>
    beamSearch(model, withKnownPrompt(model, options)),

  losses: (model: Checkpoint, text: InspectedText) => inspectionOf(model, text).losses(),

  activations: (
    model: Checkpoint,
    { unit, span, ...text }: InspectedText & {
      readonly unit: Unit;
      readonly span: CharacterSpan;
    },
  ) => inspectionOf(model, text).activations(unit, span),

  inspectCharacter: (
    model: Checkpoint,
    { position, ...text }: InspectedText & { readonly position: number },
  ) => inspectionOf(model, text).character(position),

  rankUnits: (
    model: Checkpoint,
    { followed, ...text }: InspectedText & { readonly followed: Followed },
  ) => inspectionOf(model, text).rank(followed),
};

type Operations = typeof operations;
/** The name of an operation. */
export type OperationName = keyof Operations;
/** The argument of an operation. */
export type Argument<Name extends OperationName> = Parameters<Operations[Name]>[1];
/** What an operation returns: of an iterable, nothing. */
export type Result<Name extends OperationName> = ReturnType<Operations[Name]> extends
  AsyncIterable<unknown> ? void : Awaited<ReturnType<Operations[Name]>>;
/** What an operation yields meanwhile. */
export type Item<Name extends OperationName> = ReturnType<Operations[Name]> extends
  AsyncIterable<infer T> ? T : never;

/** A message to the worker that queries models. */
export type QueryRequest =
  | { readonly type: "model"; readonly id: string; readonly file: Blob }
  | {
    readonly type: "query";
    readonly query: number;
    readonly model: string;
    readonly name: OperationName;
    readonly argument: unknown;
  }
  | { readonly type: "cancel"; readonly query: number };

/** A message from it. */
export type QueryReport =
  | { readonly type: "ready" }
  | { readonly type: "item"; readonly query: number; readonly item: unknown }
  | { readonly type: "result"; readonly query: number; readonly result: unknown }
  | { readonly type: "error"; readonly query: number; readonly message: string };
