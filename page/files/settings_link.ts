/**
 * Settings in the fragment of a link, for example `#cell=gru&hidden=128&seed=3&minutes=5`. It carries
 * no text: browsers send no fragment to a server, but links are pasted into other places.
 */
import {
  autoConfig,
  baseConfig,
  type ConfigInput,
  InputError,
  type LimitOptions,
} from "../../src/mod.ts";

/** What a link carries. */
export interface LinkSettings {
  /** Keys of the configuration. */
  readonly config: ConfigInput;
  readonly limits: LimitOptions;
  /** What samples begin with. */
  readonly prompt: string;
}

const limitNames = ["steps", "epochs", "minutes", "patience"] as const;

/** The longest value, in characters, and the longest fragment. */
const MAX_VALUE = 200;
const MAX_FRAGMENT = 4000;

/** The fragment for settings, without `#`; empty for none. */
export function formatSettings({ config, limits, prompt }: LinkSettings): string {
  const pairs = Object.entries({ ...config, ...limits })
    .filter(([, value]) => value !== undefined)
    .map(([name, value]): [string, string] => [name, String(value)]);
  if (prompt !== "" && prompt.length <= MAX_VALUE) pairs.push(["prompt", prompt]);
  return new URLSearchParams(pairs).toString();
}

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
    const { minutes } = limits;
    autoConfig(size, config as ConfigInput, minutes === undefined ? {} : { minutes });
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
