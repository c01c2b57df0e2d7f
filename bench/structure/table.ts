/** The results of a structure as Markdown. */
import type { Counts, Trained } from "./measure.ts";
import type { Structure } from "./structure.ts";

/** A row: one way to sample from one model. */
export interface Row {
  /** The options of the training. */
  readonly options: string;
  /** The options of the sampling. */
  readonly sampling: string;
  readonly trained: Omit<Trained, "model">;
  readonly counts: Counts;
}

/** One table: a row for each training and sampling. */
export function formatTable(structure: Structure, rows: readonly Row[]): string {
  const { criteria, extent } = structure;
  const head = [
    ...["training", "model", "steps", "best at", "validation loss", "sampling", "records"],
    ...criteria,
    ...extent === undefined ? [] : [extent],
    ...["whole", "copied"],
  ];
  const share = (n: number, of: number) => of === 0 ? "" : `${Math.round(100 * n / of)} %`;
  const body = rows.map(({ options, sampling, trained, counts }) => [
    options === "auto" ? "auto" : `\`${options}\``,
    trained.description,
    trained.steps.toLocaleString("en"),
    trained.bestStep.toLocaleString("en"),
    trained.validationLoss?.toFixed(4) ?? "",
    sampling === "" ? "default" : `\`${sampling}\``,
    counts.records,
    ...counts.holding.map((n) => share(n, counts.records)),
    ...counts.extent === null ? [] : [counts.extent.toFixed(1)],
    `**${share(counts.whole, counts.records)}**`,
    share(counts.copied, counts.records),
  ]);
  return [
    `### ${structure.name}: ${structure.description}\n`,
    ...[head, head.map(() => "---"), ...body].map((cells) => `| ${cells.join(" | ")} |`),
  ].join("\n");
}
