/** Which keys of a configuration can change on resuming, alone and in pairs. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../src/errors.ts";
import type { Config } from "../../src/model/config.ts";
import { type ConfigInput, resolveConfig } from "../../src/model/resolve_config.ts";
import { resumedConfig } from "../../src/train/resume.ts";

/** Runs in which the keys below have an effect, or have none. */
const runs: readonly ConfigInput[] = [
  {},
  { layers: 2, dropout: 0.2, dropoutFrom: 0.1, dropoutUntil: 0.9 },
  { lrSchedule: "step", lrDecay: 0.8, lrDecayAfter: 3, lrDecayEvery: 2 },
  { lrSchedule: "plateau", lrPatience: 3 },
  { lrSchedule: "plateau", lrDecay: 0.7 },
  { lrSchedule: "inverse-sqrt", warmup: 20, cooldown: 0.2 },
  { lrSchedule: "cosine", warmup: 5 },
  { lrSchedule: "linear", warmup: 5 },
  { optimizer: "sgd", momentum: 0.9, gradClipMode: "norm", gradClip: 1 },
  { optimizer: "adamw", beta1: 0.8, beta2: 0.99, weightDecay: 0.1, weightAverage: 0.1 },
  { optimizer: "rmsprop", beta2: 0.9 },
  { preset: "char-rnn" },
  { preset: "torch-rnn" },
];

/** Values of each key that can change. */
const changes: { readonly [Key in keyof Config]?: readonly Config[Key][] } = {
  dropout: [0, 0.3],
  dropoutFrom: [0, 0.2],
  dropoutUntil: [0.5, 1],
  lr: [0.01],
  lrSchedule: ["constant", "step", "linear", "cosine", "inverse-sqrt", "plateau"],
  lrDecay: [0.6, 0.97],
  lrDecayAfter: [4],
  lrDecayEvery: [3],
  lrPatience: [2, 5],
  warmup: [0, 30],
  cooldown: [0, 0.4],
  momentum: [0, 0.5],
  beta1: [0.7, 0.9],
  beta2: [0.95, 0.999],
  confidencePenalty: [0, 0.1],
  weightDecay: [0, 0.2],
  gradClip: [0, 2],
  gradClipMode: ["value", "norm"],
  resetEvery: [0, 7],
};

const single: readonly Partial<Config>[] = Object.entries(changes).flatMap(([key, values]) =>
  values.map((value) => ({ [key]: value }))
);

Deno.test("resumedConfig() refuses only what was given, for all pairs of keys", () => {
  let accepted = 0;
  for (const input of runs) {
    const config = resolveConfig(input);
    for (const one of single) {
      for (const other of single) {
        const given = { ...one, ...other };
        let changed: Config;
        try {
          changed = resumedConfig(config, given);
        } catch (error) {
          assert(error instanceof InputError, String(error));
          assert(error.option! in given, `${JSON.stringify([input, given])}: ${error.message}`);
          continue;
        }
        accepted++;
        assertEquals(changed, { ...changed, ...given });
        // Values that have lost their effect stay, and can be given with all others.
        assertEquals(resumedConfig(config, changed), changed);
        assertEquals(resumedConfig(changed, {}), changed);
        // Each change can be taken back.
        const before = Object.keys(given).map((key) => [key, config[key as keyof Config]]);
        resumedConfig(changed, Object.fromEntries(before));
      }
    }
  }
  assert(accepted > 5000, String(accepted));
});

Deno.test("resumedConfig() drops dropout and schedules whose other keys stay", () => {
  const dropping = resolveConfig({ layers: 2, dropout: 0.2, dropoutUntil: 0.5 });
  assertEquals(resumedConfig(dropping, { dropout: 0 }).dropoutUntil, 0.5);
  const stepping = resolveConfig({ lrSchedule: "step", lrDecay: 0.8 });
  assertEquals(resumedConfig(stepping, { lrSchedule: "constant" }).lrDecay, 0.8);
});

Deno.test("resumedConfig() takes the default of another schedule, unless it was departed from", () => {
  const decayOf = (run: ConfigInput, change: ConfigInput) =>
    resumedConfig(resolveConfig(run), change).lrDecay;
  assertEquals(decayOf({}, { lrSchedule: "plateau" }), 0.5);
  assertEquals(decayOf({ lrSchedule: "plateau" }, { lrSchedule: "step" }), 0.97);
  assertEquals(decayOf({ lrSchedule: "plateau", lrDecay: 0.8 }, { lrSchedule: "step" }), 0.8);
  assertEquals(decayOf({}, { lrSchedule: "plateau", lrDecay: 0.9 }), 0.9);
});

Deno.test("resumedConfig() refuses a schedule that lost its warm-up", () => {
  const config = resolveConfig({ lrSchedule: "inverse-sqrt", warmup: 20 });
  const error = assertThrows(() => resumedConfig(config, { warmup: 0 }), InputError);
  assertEquals(error.option, "warmup");
  assertEquals(resumedConfig(config, { warmup: 0, lrSchedule: "constant" }).warmup, 0);
});

Deno.test("resumedConfig() lets the patience of a schedule change before it has counted", () => {
  const plateau = { lrSchedule: "plateau", lrPatience: 5 } as const;
  assertEquals(resumedConfig(resolveConfig({}), plateau).lrPatience, 5);
  const config = resolveConfig({ lrSchedule: "plateau" });
  assertEquals(assertThrows(() => resumedConfig(config, plateau), InputError).option, "lrPatience");
});
