/** The files of this project that the page links to. They are part of the page, so it needs no host. */

/** Their paths in the project. */
export const sourceFiles = [
  "page/server/run_observer.ts",
  "src/run/metrics_reader.ts",
  "page/inside/connectivity.ts",
  "page/inside/inspection.ts",
  "page/inside/rank_units.ts",
  "src/checkpoint/checkpoint.ts",
  "src/evaluate/part_baselines.ts",
  "src/generate/predict.ts",
  "src/generate/sampler.ts",
  "src/train/trainer.ts",
] as const;

/** A file that can be linked to. */
export type SourceFile = (typeof sourceFiles)[number];

/** The name of the text file that the page has of it. */
export function sourceName(file: SourceFile): string {
  return `source-${file.replaceAll("/", "-")}.txt`;
}
