/** The data of an exported training: JSON in the page that shows it. */
import type { TrainingRecord } from "../worker/record.ts";

/** What an exported page holds. It has no text but what the model wrote. */
export interface ExportRecord {
  readonly training: Omit<TrainingRecord, "model" | "best" | "status" | "sampleError">;
  readonly model: Omit<NonNullable<TrainingRecord["model"]>, "file">;
  /** The checkpoint, in base64. */
  readonly checkpoint: string;
}

/** What stands in the template for the record. */
const PLACEHOLDER = "%RECORD%";

/**
 * Puts a record into the template of an exported page.
 *
 * @throws {Error} if the template has no place for it.
 */
export function fillTemplate(template: string, record: ExportRecord): string {
  const [before, after, ...others] = template.split(PLACEHOLDER);
  if (before === undefined || after === undefined || others.length > 0) {
    throw new Error("Cannot export: the page's files are of another version; load the page again");
  }
  // A "<" would begin markup, for example one that ends the script.
  return before + JSON.stringify(record).replaceAll("<", "\\u003c") + after;
}
