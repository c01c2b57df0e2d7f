import { cpus } from "node:os";
import metadata from "../deno.json" with { type: "json" };

/** The software and the machine that a benchmark ran on. */
export interface Environment {
  /** The version of unroll. */
  readonly unroll: string;
  readonly deno: string;
  readonly v8: string;
  readonly os: string;
  readonly arch: string;
  /** The model name of the processor; `null` without `--allow-sys=cpus`. */
  readonly cpu: string | null;
  /** Logical processors. */
  readonly cores: number;
  /** The time of the measurement in ISO 8601. */
  readonly date: string;
}

/** Reads the environment of this process. */
export function readEnvironment(): Environment {
  const { state } = Deno.permissions.querySync({ name: "sys", kind: "cpus" });
  return {
    unroll: metadata.version,
    deno: Deno.version.deno,
    v8: Deno.version.v8,
    os: Deno.build.os,
    arch: Deno.build.arch,
    cpu: state === "granted" ? cpus()[0]?.model.trim() ?? null : null,
    cores: navigator.hardwareConcurrency,
    date: new Date().toISOString(),
  };
}

/** An environment in one line, without the date. */
export function formatEnvironment(environment: Environment): string {
  const { unroll, deno, v8, os, arch, cpu, cores } = environment;
  const machine = `${cpu ?? "unknown processor"}, ${cores} core${cores === 1 ? "" : "s"}`;
  return `unroll ${unroll}, Deno ${deno}, V8 ${v8}, ${os} ${arch}, ${machine}`;
}
