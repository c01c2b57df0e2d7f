import { checkOptions, checkShape } from "../arguments.ts";
import { withContext } from "../errors.ts";
import { type Config, parseConfig } from "../model/config.ts";
import { baseConfig } from "../model/presets.ts";
import { checkConfigInput, type ConfigInput, resolveConfig } from "../model/resolve_config.ts";
import { pickModel, pickOptimization } from "./auto_choices.ts";
import { type AutoConfigReason, reasonsFor } from "./auto_reasons.ts";
import type { TextSize } from "./cost.ts";
import { checkLength, type LimitOptions } from "./limits.ts";
import { trainingSchemas } from "./options.ts";
import { estimateRun } from "./run_estimate.ts";

/** A configuration that was picked for a text; see {@linkcode autoConfig}. */
export interface AutoConfig {
  /** The complete configuration. */
  readonly config: Config;
  /** What was picked, and why; empty if a preset or all keys were given. */
  readonly reasons: readonly AutoConfigReason[];
}

/**
 * Picks a model and hyperparameters for a text: the model that learns most from the text in the
 * time that there is, a learning rate that falls to 0 at the end of the run, and as much dropout and
 * weight decay as the length of the run calls for.
 *
 * @param text Its length and its alphabet decide: a {@linkcode Corpus}, or what is known of one.
 * @param input Keys that are decided already; a preset or a complete configuration decides all.
 * @param limits With a longer time limit, a larger model is picked. The number of epochs that the
 * limits allow decides about dropout, and that of epochs and steps about weight decay.
 * @throws {InputError} if a key of `input` is unknown, or its value invalid.
 * @throws {TypeError} if `text` has no length or no vocabulary.
 *
 * @example
 * ```ts
 * import { corpusFromText, autoConfig, Trainer } from "../mod.ts";
 *
 * const corpus = corpusFromText("to be or not to be. ".repeat(400));
 * const { config, reasons } = autoConfig(corpus);
 * console.log(config.cell, config.hidden); // gru 64
 * for (const { choice, reason } of reasons) console.log(`${choice}: ${reason}`);
 * using trainer = Trainer.create(corpus, config);
 * trainer.step();
 * ```
 */
export function autoConfig(
  text: TextSize,
  input: ConfigInput = {},
  limits: Pick<LimitOptions, "steps" | "epochs" | "minutes"> = {},
): AutoConfig {
  const context = "Cannot train";
  checkShape(text, {
    ...{ context, name: "text", expected: "a corpus, or its length and vocabulary" },
    shape: { length: "number", vocabulary: "object" },
  });
  input = withContext(context, () => checkConfigInput(input));
  limits = checkOptions(limits, { schema: trainingSchemas.limits, context });
  checkLength(limits);
  const chars = text.length;
  if (input.preset !== undefined) return { config: resolveConfig(input, { chars }), reasons: [] };
  if (isComplete(input)) {
    return { config: withContext(context, () => parseConfig(input)), reasons: [] };
  }
  const run = estimateRun(text, { input, limits });
  const picked = { ...pickModel(input, run), ...pickOptimization(input, run) };
  const config = resolveConfig({ ...picked, ...input }, { chars });
  return { config, reasons: reasonsFor({ config, picked, input, run }) };
}

/** Whether every key is given, as in a configuration that was resolved before. */
function isComplete(input: ConfigInput): input is Config {
  return (Object.keys(baseConfig) as (keyof Config)[]).every((key) => input[key] !== undefined);
}
