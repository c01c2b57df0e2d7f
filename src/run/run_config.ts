import * as v from "valibot";
import { checkOptions } from "../arguments.ts";
import { InputError } from "../errors.ts";
import { nameTexts } from "../files/read_corpus.ts";
import { parseJson, validate } from "../json.ts";
import { type Config, configSchema } from "../model/config.ts";
import type { Corpus, TextReading } from "../text/corpus.ts";
import { type CorpusIdentity, corpusIdentity } from "../text/corpus_identity.ts";
import type { IntervalOptions, LimitOptions } from "../train/limits.ts";
import type { Rollback } from "../train/metrics.ts";
import type { OnDivergence } from "../train/options.ts";

/** Limits and intervals of a run, and what happens on divergence, as far as they were given. */
export interface RunLimits extends LimitOptions, IntervalOptions {
  /** What happens on divergence; see {@linkcode TrainOptions.onDivergence}. */
  readonly onDivergence?: OnDivergence;
}

/** The text of a run, and how it is read again. */
export interface CorpusRecord extends CorpusIdentity {
  /** How it was read from files; not present for another text. */
  readonly reading?: TextReading;
}

/** The record of a text. */
export function recordOf(corpus: Corpus): CorpusRecord {
  const { reading } = corpus;
  return { ...corpusIdentity(corpus), ...reading === null ? {} : { reading } };
}

/** A change of a run's configuration, limits or text. */
export interface RunChange {
  /** The step from which it applies. */
  readonly step: number;
  /** Old and new values by name; `null` for a value that is not set. */
  readonly changed: Readonly<Record<string, { readonly from: unknown; readonly to: unknown }>>;
  /** The divergence that a rollback was made for; not present if the user made the change. */
  readonly diverged?: Divergence;
}

/** The step, counted from 1, that diverged, and what was not finite. */
export type Divergence = Pick<Rollback, "reason"> & { readonly step: number };

/**
 * The contents of `config.json`: what a run trains, on which text, for how long, and its changes.
 */
export interface RunConfig {
  /** The complete configuration. */
  readonly config: Config;
  /** The limits that were given; the others are chosen by `resolveLimits`. */
  readonly limits: RunLimits;
  /** The text. */
  readonly corpus: CorpusRecord;
  /**
   * Changes, the oldest first. The first one stands for several if there are thousands; see
   * {@linkcode withChange}.
   */
  readonly history: readonly RunChange[];
}

/**
 * The length of the history as JSON, in characters: some 5,000 changes of an option. Far below what
 * {@linkcode parseRunConfig} accepts, so that no number of changes makes a run unreadable.
 */
const MAX_HISTORY_LENGTH = 2 ** 20;

/** Four times what such a history holds at most: each of its values takes 8 characters or more. */
const MAX_VALUES = 2 ** 19;

const number = v.pipe(v.number("must be a number"), v.finite("must be a finite number"));
const string = v.string("must be a string");

const schema = v.strictObject({
  config: configSchema,
  limits: v.strictObject({
    ...v.entriesFromList(
      ["steps", "epochs", "minutes", "patience", "logEvery", "sampleEvery", "checkpointEvery"],
      v.optional(number),
    ),
    onDivergence: v.optional(v.picklist(["stop", "rollback"], "must be stop or rollback")),
  }),
  corpus: v.pipe(
    v.strictObject({
      ...{ path: string, chars: number, bytes: number, sha256: string, texts: v.optional(number) },
      reading: v.optional(v.strictObject({
        paths: v.pipe(v.array(string, "must be an array of strings"), v.minLength(1)),
        separator: v.optional(string),
        encoding: v.optional(string),
        minCount: v.optional(number),
      })),
    }),
    // Otherwise a path that was edited would be passed over without a word.
    v.rawCheck(({ dataset: { typed, value }, addIssue }) => {
      if (!typed || value.reading === undefined) return;
      const { path, reading: { paths } } = value;
      if (path === nameTexts(paths)) return;
      addIssue({
        input: path,
        message: 'must stand for the "paths" of "reading"',
        path: [{ type: "object", origin: "value", input: value, key: "path", value: path }],
      });
    }),
  ),
  history: v.optional(
    v.array(v.strictObject({
      step: number,
      changed: v.record(string, v.strictObject({ from: v.unknown(), to: v.unknown() })),
      diverged: v.optional(v.strictObject({ step: number, reason: string })),
    })),
    [],
  ),
});

/**
 * Parses and checks the contents of `config.json`, which are untrusted input.
 *
 * @throws {InputError} if they are not a run's configuration, naming what is wrong. The property is
 * one of the file, not an option of a call.
 */
export function parseRunConfig(text: string): RunConfig {
  try {
    return validate(schema, parseJson(text, { maxDepth: 5, maxValues: MAX_VALUES })) as RunConfig;
  } catch (error) {
    throw error instanceof InputError ? new InputError(error.message, { cause: error }) : error;
  }
}

/**
 * Checks a run's configuration that was passed to a function.
 *
 * @throws {InputError} naming what is wrong.
 */
export function checkRunConfig(runConfig: RunConfig, context: string): RunConfig {
  return checkOptions(runConfig, { schema, context });
}

/**
 * Changes a run's configuration, limits or text, and appends the change to its history. The oldest
 * changes become one when the history is too long.
 *
 * @param step The step from which the change applies.
 * @param to The new values.
 * @param diverged The divergence that the change was made for.
 * @returns The changed run configuration; the same object if nothing differs.
 */
export function withChange(
  runConfig: RunConfig,
  { step, to, diverged }: {
    readonly step: number;
    readonly to: Pick<RunConfig, "config" | "limits" | "corpus">;
    readonly diverged?: Divergence | undefined;
  },
): RunConfig {
  const changed = {
    ...differences(runConfig.config, to.config),
    ...differences(runConfig.limits, to.limits),
    ...differences(
      { corpus: runConfig.corpus.path, chars: runConfig.corpus.chars },
      { corpus: to.corpus.path, chars: to.corpus.chars },
    ),
  };
  if (Object.keys(changed).length === 0) return runConfig;
  const change = { step, changed, ...diverged === undefined ? {} : { diverged } };
  return { ...runConfig, ...to, history: shorten([...runConfig.history, change]) };
}

/** Merges the oldest changes of a history that is too long, until it has half of its length. */
function shorten(history: readonly RunChange[]): readonly RunChange[] {
  const lengths = history.map((change) => JSON.stringify(change).length);
  let length = lengths.reduce((sum, each) => sum + each, 0);
  if (length <= MAX_HISTORY_LENGTH) return history;
  let merged = 0;
  // The newest change stays as it is.
  while (length > MAX_HISTORY_LENGTH / 2 && merged < history.length - 1) {
    length -= lengths[merged++]!;
  }
  return [mergeChanges(history.slice(0, merged)), ...history.slice(merged)];
}

/** One change that has the effect of several. */
function mergeChanges(changes: readonly RunChange[]): RunChange {
  const values = new Map<string, { readonly from: unknown; readonly to: unknown }>();
  for (const { changed } of changes) {
    for (const [name, { from, to }] of Object.entries(changed)) {
      values.set(name, { from: values.has(name) ? values.get(name)!.from : from, to });
    }
  }
  return { step: changes.at(-1)!.step, changed: Object.fromEntries(values) };
}

/** The keys in which two objects differ, with both values. */
function differences(from: object, to: object): RunChange["changed"] {
  const before = new Map<string, unknown>(Object.entries(from));
  const after = new Map<string, unknown>(Object.entries(to));
  return Object.fromEntries(
    [...new Set([...before.keys(), ...after.keys()])]
      .filter((name) => before.get(name) !== after.get(name))
      .map((name) => [name, { from: before.get(name) ?? null, to: after.get(name) ?? null }]),
  );
}
