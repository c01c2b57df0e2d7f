import * as v from "valibot";
import { type Config, configSchema } from "../model/config.ts";
import { withContext } from "../errors.ts";
import { parseJson, quotePath, validate } from "../json.ts";
import type { IntervalOptions, LimitOptions } from "../train/limits.ts";
import type { Rollback } from "../train/metrics.ts";
import type { OnDivergence } from "../train/options.ts";

/** What of a run's length and habits was asked for. */
export interface RunLimits extends LimitOptions, IntervalOptions {
  /** What happens when a number is not finite. */
  readonly onDivergence?: OnDivergence;
}

/** That something was changed while a run was under way. */
export interface RunChange {
  /** From this step on. */
  readonly step: number;
  /** What it was and what it is, by name; `null` for what is not set. */
  readonly changed: Readonly<Record<string, { readonly from: unknown; readonly to: unknown }>>;
  /** Why, when it was not the user: the step that diverged, and what was not finite. */
  readonly diverged?: Pick<Rollback, "reason"> & { readonly step: number };
}

/** `config.json`: what is trained, on what, how long, and what was changed on the way. */
export interface RunConfig {
  /** The configuration. */
  readonly config: Config;
  /** What was asked for; the rest is by default. */
  readonly limits: RunLimits;
  /** The text. */
  readonly text: {
    readonly path: string;
    readonly chars: number;
    readonly bytes: number;
    readonly sha256: string;
  };
  /** What was changed, in order of time. */
  readonly history: readonly RunChange[];
}

const number = v.number("must be a number");
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
  text: v.strictObject({ path: string, chars: number, bytes: number, sha256: string }),
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
 * Reads `config.json` back.
 *
 * @param path What it is called in an error.
 * @throws {InputError} when it is not what a run writes there.
 */
export function parseRunConfig(text: string, path: string): RunConfig {
  const context = `Cannot resume the run of ${quotePath(path)}`;
  // What is wrong is a property of the file, not an option of the call.
  const changes = { option: undefined };
  return withContext(
    context,
    () => validate(schema, parseJson(text, { maxDepth: 5 })) as RunConfig,
    changes,
  );
}

/**
 * The same record with another configuration, limits or path of the text, and an entry that says
 * what is new.
 *
 * @returns The record itself when nothing is.
 */
export function withChange(
  record: RunConfig,
  step: number,
  to: Pick<RunConfig, "config" | "limits" | "text">,
  diverged?: RunChange["diverged"],
): RunConfig {
  const changed = {
    ...differences(record.config, to.config),
    ...differences(record.limits, to.limits),
    ...differences({ text: record.text.path }, { text: to.text.path }),
  };
  if (Object.keys(changed).length === 0) return record;
  const change = { step, changed, ...diverged === undefined ? {} : { diverged } };
  return { ...record, ...to, history: [...record.history, change] };
}

function differences(from: object, to: object): RunChange["changed"] {
  const was = new Map<string, unknown>(Object.entries(from));
  const is = new Map<string, unknown>(Object.entries(to));
  const names = new Set([...was.keys(), ...is.keys()]);
  return Object.fromEntries(
    [...names].filter((name) => was.get(name) !== is.get(name))
      .map((name) => [name, { from: was.get(name) ?? null, to: is.get(name) ?? null }]),
  );
}
