// deno-lint-ignore-file no-explicit-any -- the calls of programs without types
/** Hostile arguments, and what is wrong with the answers to them. */

import { rowsIn } from "./public_face.ts";

/** Values that no argument accepts by chance, and values that some do. */
export function hostileValues(): unknown[] {
  const detached = new Float32Array(4);
  detached.buffer.transfer();
  const cyclic: Record<string, unknown> = {};
  cyclic.self = cyclic;
  const throwing = new Proxy({}, {
    get() {
      throw new Error("from a proxy");
    },
    ownKeys() {
      throw new Error("from a proxy");
    },
  });
  return [
    ...[null, NaN, Infinity, -1, 1.5, 2 ** 53, "1", "", true, 1n, Symbol("s")],
    ...[
      [],
      {},
      new Number(1),
      () => {},
      new Date(0),
      new Map([["hidden", 4]]),
      Promise.resolve({}),
    ],
    ...[new Float32Array(3), new BigInt64Array(4), new DataView(new ArrayBuffer(8)), detached],
    ...[cyclic, throwing, { temprature: 1 }, { "": 1 }, Object.create(null), ["1"], [NaN], [
      2 ** 32,
    ]],
  ];
}

/** Messages of the runtime about code that did not expect a value. */
const RUNTIME = new RegExp(
  "^Cannot (read prop|set prop|destructure|convert|mix|use 'in')|is not (a function|iterable|defined|" +
    "a constructor)|undefined \\(|Invalid (typed )?array|out of (bounds|range)$|Reduce of empty|" +
    "private (member|method)|on incompatible receiver|must be called|stack size|from a proxy",
);

/** What is wrong with an error; `null` if it is as the documentation says. */
function problemOf(error: unknown): string | null {
  if (!(error instanceof Error)) return `threw ${String(error)}`;
  if (/[\n\r]/.test(error.message)) return `several lines: ${error.message}`;
  if (error.message === "" || RUNTIME.test(error.message)) {
    return `${error.name}: ${error.message}\n${error.stack?.split("\n").slice(1, 3).join("\n")}`;
  }
  const classes = [
    "InputError",
    "TextError",
    "TypeError",
    "RangeError",
    "DivergenceError",
    "Error",
  ];
  return classes.includes(error.name) ? null : `an error of ${error.name}: ${error.message}`;
}

/** How {@linkcode findProblems} calls exports. */
export interface ProblemOptions {
  /** The hostile values, made for each argument. */
  readonly values: () => unknown[];
  /** Whether each key of an object is replaced, too. */
  readonly withKeys: boolean;
}

/** Calls every export with hostile arguments; returns what is wrong with the answers. */
export async function findProblems(
  folder: string,
  options: ProblemOptions,
): Promise<string[]> {
  const before = Deno.cwd();
  // Some values are right paths, which must not lead into the project.
  Deno.chdir(folder);
  try {
    return await problemsIn(folder, options);
  } finally {
    Deno.chdir(before);
  }
}

async function problemsIn(
  folder: string,
  { values, withKeys }: ProblemOptions,
): Promise<string[]> {
  const problems: string[] = [];
  for (const [name, { args, call }] of Object.entries(await rowsIn(folder))) {
    const attempt = async (given: readonly unknown[], what: string) => {
      try {
        await call(...given);
        return true;
      } catch (error) {
        const problem = problemOf(error);
        if (problem !== null) problems.push(`${name} with ${what}: ${problem}`);
        return false;
      }
    };
    const works = async (when: string) => {
      try {
        await call(...args);
      } catch (error) {
        problems.push(`${name} ${when}: ${(error as Error).stack}`);
      }
    };
    await works("at first");
    for (const [i, arg] of args.entries()) {
      for (const value of values()) {
        if (/^new \w+Error$/.test(name) && isProxy(value)) continue;
        await attempt(args.with(i, value), `argument ${i} ${Deno.inspect(value)}`);
      }
      if (
        Object.prototype.toString.call(arg) !== "[object Object]" || isInstance(arg) || !withKeys
      ) continue;
      for (const key of Object.keys(arg)) {
        for (const value of values()) {
          const what = `argument ${i} with ${key} ${Deno.inspect(value)}`;
          await attempt(args.with(i, { ...arg, [key]: value }), what);
        }
      }
    }
    await works("after hostile arguments");
  }
  return problems;
}

/** Whether a value throws when it is read, as nothing could be said about in an error's constructor. */
function isProxy(value: any): boolean {
  try {
    return value?.any === null;
  } catch {
    return true;
  }
}

/** Whether a value is of a class, whose private state a copy would not have. */
function isInstance(value: any): boolean {
  return Object.getPrototypeOf(value) !== Object.prototype;
}
