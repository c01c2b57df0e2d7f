/** Reading the settings of a link. It needs the library, so the page loads it only for a link. */
import { autoConfig, baseConfig, type ConfigInput, InputError } from "../../src/mod.ts";
import { type LinkSettings, MAX_VALUE } from "./format_settings.ts";

const limitNames = ["steps", "epochs", "minutes", "patience"] as const;

/** The longest fragment, in characters. */
const MAX_FRAGMENT = 4000;

/**
 * Reads the settings of a fragment, which is untrusted.
 *
 * @param fragment With or without `#`.
 * @throws {InputError} naming the first name or value that is wrong.
 */
export function parseSettings(fragment: string): LinkSettings {
  const context = "Cannot use the settings of the link";
  const text = fragment.replace(/^#/, "");
  if (text.length > MAX_FRAGMENT) {
    throw new InputError(
      `${context}: they have ${text.length} characters; they must have at most ${MAX_FRAGMENT}`,
    );
  }
  const config: Record<string, string | number> = {};
  const limits: Record<string, number> = {};
  let prompt = "";
  const seen = new Set<string>();
  for (const [name, value] of new URLSearchParams(text)) {
    const shown = JSON.stringify(name.slice(0, 40));
    if (seen.has(name)) throw new InputError(`${context}: ${shown} is given twice`);
    seen.add(name);
    if (value.length > MAX_VALUE) {
      throw new InputError(
        `${context}: ${shown} has ${value.length} characters; it must have at most ${MAX_VALUE}`,
      );
    }
    const isLimit = limitNames.some((limit) => limit === name);
    if (name === "prompt") {
      prompt = value;
    } else if (isLimit) {
      limits[name] = toNumber(value, `${context}: ${shown}`);
    } else if (name === "preset" || Object.hasOwn(baseConfig, name)) {
      const isNumber = typeof baseConfig[name as keyof typeof baseConfig] === "number";
      config[name] = isNumber ? toNumber(value, `${context}: ${shown}`) : value;
    } else {
      throw new InputError(`${context}: there is no setting ${shown}`);
    }
  }
  if (!prompt.isWellFormed()) throw new InputError(`${context}: "prompt" must be text`);
  // Checks values, and that they fit together, as for a text of an ordinary size.
  try {
    const size = { length: 1_000_000, vocabulary: { size: 80 } };
    autoConfig(size, config as ConfigInput, limits);
    checkLimits(limits);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const message = error.message.replace(/^Cannot train: /, "");
    throw new InputError(`${context}: ${message}`, { option: error.option, cause: error });
  }
  return { config: config as ConfigInput, limits, prompt };
}

function toNumber(value: string, subject: string): number {
  if (/^-?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(value)) return Number(value);
  throw new InputError(`${subject} must be a number, not ${JSON.stringify(value.slice(0, 40))}`);
}

function checkLimits(limits: Record<string, number>): void {
  for (const [name, value] of Object.entries(limits)) {
    const isWhole = name === "steps" || name === "patience";
    if (value > 0 && Number.isFinite(value) && (!isWhole || Number.isSafeInteger(value))) continue;
    const right = isWhole ? "a whole number, 1 or above" : "a number above 0";
    throw new InputError(`"${name}" must be ${right}, not ${value}`, { option: name });
  }
}
