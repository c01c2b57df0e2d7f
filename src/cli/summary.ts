import type { PartSummary } from "../evaluate/summary.ts";
import { table } from "./table.ts";

const rows = [
  ["the model", "model"],
  ["bigram", "bigram"],
  ["unigram", "unigram"],
  ["uniform", "uniform"],
  ["gzip -9", "gzip"],
] as const;

/** What a model has learnt, as a table of a few lines. */
export function formatSummary(parts: readonly PartSummary[]): string {
  const figure = (nats: number) => `${nats.toFixed(4)} (${(nats / Math.LN2).toFixed(3)})`;
  return table([
    ["nats (bits) per character", ...parts.map(({ part }) => part)],
    ...rows.map(([name, key]) => [`  ${name}`, ...parts.map((part) => figure(part[key]))]),
  ], 1);
}
