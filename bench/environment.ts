import { cpus } from "node:os";
import configuration from "../deno.json" with { type: "json" };

/** What was measured, and on what. */
export interface Environment {
  readonly unroll: string;
  readonly deno: string;
  readonly v8: string;
  readonly os: string;
  readonly arch: string;
  /** The processor's name; `null` without `--allow-sys=cpus`. */
  readonly cpu: string | null;
  readonly cores: number;
  /** When, in ISO 8601. */
  readonly date: string;
}

/** Describes this process and machine. */
export function environment(): Environment {
  const { state } = Deno.permissions.querySync({ name: "sys", kind: "cpus" });
  return {
    unroll: configuration.version,
    deno: Deno.version.deno,
    v8: Deno.version.v8,
    os: Deno.build.os,
    arch: Deno.build.arch,
    cpu: state === "granted" ? cpus()[0]?.model.trim() ?? null : null,
    cores: navigator.hardwareConcurrency,
    date: new Date().toISOString(),
  };
}

/** The same in a line. */
export function describe({ unroll, deno, v8, os, arch, cpu, cores }: Environment): string {
  const machine = `${cpu ?? "unnamed processor"}, ${cores} core${cores === 1 ? "" : "s"}`;
  return `unroll ${unroll}, Deno ${deno}, V8 ${v8}, ${os} ${arch}, ${machine}`;
}
