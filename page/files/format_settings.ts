/**
 * Settings in the fragment of a link, for example `#cell=gru&hidden=128&seed=3&minutes=5`. It carries
 * no text: browsers send no fragment to a server, but links are pasted into other places.
 */
import type { ConfigInput, LimitOptions } from "../../src/mod.ts";

/** What a link carries. */
export interface LinkSettings {
  /** Keys of the configuration. */
  readonly config: ConfigInput;
  readonly limits: LimitOptions;
  /** What samples begin with. */
  readonly prompt: string;
}

/** The longest value, in characters. */
export const MAX_VALUE = 200;

/** The fragment for settings, without `#`; empty for none. */
export function formatSettings({ config, limits, prompt }: LinkSettings): string {
  const pairs = Object.entries({ ...config, ...limits })
    .filter(([, value]) => value !== undefined)
    .map(([name, value]): [string, string] => [name, String(value)]);
  if (prompt !== "" && prompt.length <= MAX_VALUE) pairs.push(["prompt", prompt]);
  return new URLSearchParams(pairs).toString();
}
