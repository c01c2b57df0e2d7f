/** The networks that the programs are compared with, each with its training. */
import { formatNumber, listed } from "../../src/cli/format.ts";
import { InputError } from "../../src/errors.ts";
import { quote } from "../../src/json.ts";
import type { Config } from "../../src/model/config.ts";
import { type ConfigInput, resolveConfig } from "../../src/model/resolve_config.ts";
import type { Corpus } from "../../src/text/corpus.ts";
import { autoConfig } from "../../src/train/auto_config.ts";

/** A network, and how it is trained. */
export interface ComparedNetwork {
  /** The name on the command line. */
  readonly name: string;
  readonly config: Config;
}

/** What {@linkcode listNetworks} depends on. */
export interface ListNetworksOptions {
  /** The time limit for the automatic configuration. Default: none. */
  readonly minutes?: number;
}

/** Adagrad's learning rate of the plain networks: the loss falls steadily at every size. */
const LR = 0.005;

/** A network that is trained by Adagrad with a constant rate, as min-char-rnn. */
function plain(
  cell: Config["cell"],
  [hidden, seqLength, batchSize]: readonly [number, number, number],
): ConfigInput {
  return { cell, hidden, seqLength, batchSize, lr: LR, init: "normal:0.05", gradClip: 5 };
}

const plainNetworks: Readonly<Record<string, ConfigInput>> = {
  "rnn-100": plain("rnn", [100, 25, 1]),
  "rnn-128": plain("rnn", [128, 50, 32]),
  "rnn-256": plain("rnn", [256, 50, 64]),
  "rnn-512": plain("rnn", [512, 50, 64]),
  "gru-192": plain("gru", [192, 50, 16]),
  "lstm-256": plain("lstm", [256, 50, 32]),
  "char-rnn": { preset: "char-rnn" },
};

/** The name of the automatic configuration of the text. */
const DEFAULTS = "defaults";

/** The names of all networks. */
export const networkNames: readonly string[] = [...Object.keys(plainNetworks), DEFAULTS];

/**
 * All networks, from min-char-rnn's to char-rnn's and the automatic configuration of the text.
 *
 * @throws {InputError} if the text is too short.
 */
export function listNetworks(
  corpus: Corpus,
  { minutes }: ListNetworksOptions = {},
): readonly ComparedNetwork[] {
  const { config } = autoConfig(corpus, {}, minutes === undefined ? {} : { minutes });
  const chars = corpus.length;
  return [
    ...Object.entries(plainNetworks).map(([name, input]) => ({
      name,
      config: resolveConfig(input, { chars }),
    })),
    { name: DEFAULTS, config },
  ];
}

/**
 * The networks of the option `--networks`, in the order of the list.
 *
 * @param text Names with commas between them; all networks if it is `undefined`.
 * @throws {InputError} if there is no network of a name.
 */
export function selectNetworks(
  networks: readonly ComparedNetwork[],
  text: string | undefined,
): readonly ComparedNetwork[] {
  if (text === undefined) return networks;
  const names = text.split(",").map((name) => name.trim());
  for (const name of names) {
    if (networks.some((network) => network.name === name)) continue;
    throw new InputError(
      `Cannot compare the network ${quote(name)}: it must be ${
        listed(networks.map(({ name }) => name))
      }`,
      { option: "networks" },
    );
  }
  return networks.filter(({ name }) => names.includes(name));
}

/**
 * The training whose speed is measured: without what changes over a run and takes no time, and
 * without a part that is held out.
 */
export function speedConfig(config: Config): Config {
  return {
    ...config,
    ...{ lrSchedule: "constant", warmup: 0, cooldown: 0, resetEvery: 0 },
    ...{ dropout: 0, dropoutFrom: 0, dropoutUntil: 1, confidencePenalty: 0 },
    ...{ valFraction: 0, testFraction: 0, holdout: "end" },
  };
}

/** A network as text, for example `GRU, H 2 × 128, T 50, B 8, adamw`. */
export function formatNetwork(
  { cell, layers, hidden, seqLength, batchSize, optimizer }: Config,
): string {
  const units = layers === 1 ? formatNumber(hidden) : `${layers} × ${formatNumber(hidden)}`;
  return `${cell.toUpperCase()}, H ${units}, T ${seqLength}, B ${batchSize}, ${optimizer}`;
}
