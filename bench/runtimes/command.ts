import type { Command } from "../../src/cli/args.ts";
import { printMessage, printResult } from "../../src/cli/output.ts";
import { chromiumPath } from "../../tests/packages/chromium.ts";
import { install, type Runtime } from "../../tests/packages/installation.ts";
import { median } from "../statistics.ts";
import { readTimingOptions, type TimingOptions, timingOptions } from "../timing_options.ts";
import { cpuSeconds } from "./cpu_time.ts";
import { configs } from "./steps.js";
import { type Subject, type SubjectOptions, withChromium, withProcess } from "./subjects.ts";

const defaults: TimingOptions = { rounds: 9, seconds: 0.5 };

/** `deno task compare-runtimes`: the speed of the npm package in each runtime, next to Deno. */
export const compareRuntimesCommand: Command = {
  name: "compare-runtimes",
  summary: "Measure the npm package in Node.js, Bun and Chromium next to Deno",
  operands: [],
  options: timingOptions(defaults),
  notes: [
    "Speed is characters per second of processor time on Linux, else per second, on one thread.",
    "Packs the package and installs it with npm, in a temporary folder with the runtimes (160 MB). " +
    "Chromium is measured if it is installed.",
  ],
  async run(line) {
    const timing = readTimingOptions(line, defaults);
    const folder = await Deno.makeTempDir();
    try {
      await install(folder);
      const places = { folder: `${folder}/program`, tools: `${folder}/tools` };
      printResult(await compareRuntimes({ ...places, ...timing }));
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
    return 0;
  },
};

/**
 * Measures the package that is installed in a folder.
 *
 * @returns A table of medians: a row for each runtime, a column for each configuration.
 */
export async function compareRuntimes(options: SubjectOptions & TimingOptions): Promise<string> {
  for (const name of ["program.js", "steps.js"]) {
    await Deno.copyFile(new URL(name, import.meta.url), `${options.folder}/${name}`);
  }
  return formatRatios(await withSubjects(options, (all) => measure(all, options)));
}

type Subjects = ReadonlyMap<string, Subject>;
/** Ratios to the speed of Deno in the same round, by subject and configuration. */
type Ratios = ReadonlyMap<string, ReadonlyMap<string, readonly number[]>>;

/** The runtimes, Deno first. */
const processes: Readonly<Record<string, { runtime: Runtime; flags?: readonly string[] }>> = {
  "Deno": { runtime: "deno" },
  "Node.js 24": { runtime: "node24" },
  "Node.js 22": { runtime: "node22" },
  // The compiler of later versions; without it, V8 12 computes fused multiply-adds slowly.
  "Node.js 22 --turboshaft-wasm": { runtime: "node22", flags: ["--turboshaft-wasm"] },
  "Bun": { runtime: "bun" },
};

/** Starts every runtime. */
async function withSubjects<T>(
  options: SubjectOptions,
  fn: (subjects: Subjects) => Promise<T>,
): Promise<T> {
  const start = async (names: readonly string[], started: Subjects): Promise<T> => {
    const [name, ...rest] = names;
    if (name === undefined) return await fn(started);
    const next = (subject: Subject) => start(rest, new Map([...started, [name, subject]]));
    const process = processes[name];
    return process ? withProcess(process, options, next) : withChromium(options, next);
  };
  const pages = chromiumPath === undefined ? [] : ["Chromium"];
  return await start([...Object.keys(processes), ...pages], new Map());
}

async function measure(subjects: Subjects, { rounds }: TimingOptions): Promise<Ratios> {
  const ratios = new Map(
    Array.from(subjects.keys(), (name) => [name, new Map<string, number[]>()]),
  );
  // The first round only warms up.
  for (let round = 0; round <= rounds; round++) {
    printMessage(round === 0 ? "Warming up" : `Round ${round} of ${rounds}`);
    for (const config of Object.keys(configs)) {
      let reference = NaN;
      for (const [name, subject] of subjects) {
        const begin = await cpuSeconds(subject.ids);
        const chars = await subject.train(config);
        const speed = chars / (await cpuSeconds(subject.ids) - begin);
        if (name === "Deno") reference = speed;
        if (round === 0) continue;
        const ofConfig = ratios.get(name)!;
        ofConfig.set(config, [...ofConfig.get(config) ?? [], speed / reference]);
      }
    }
  }
  return ratios;
}

function formatRatios(ratios: Ratios): string {
  const names = Object.keys(configs);
  const rows = [["speed ÷ speed in Deno", ...names]];
  for (const [subject, ofConfig] of ratios) {
    rows.push([subject, ...names.map((name) => median(ofConfig.get(name)!).toFixed(2))]);
  }
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
  return rows.map((row) =>
    row.map((cell, i) => i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)).join("   ")
  ).join("\n") + "\n";
}
