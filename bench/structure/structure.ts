/** Kinds of structured text: how a text is made, cut into records and checked. */

/** What a check finds about one record. */
export interface Verdict {
  /** Whether each criterion of the structure holds, in the order of its names. */
  readonly holds: readonly boolean[];
  /** How far the record is right, in the units of {@linkcode Structure.extent}. */
  readonly extent?: number;
}

/** A kind of structured text. */
export interface Structure {
  /** The name on the command line. */
  readonly name: string;
  /** What the text is, and where it comes from: a phrase for the help. */
  readonly description: string;
  /** What is checked of each record, in the order of the table's columns. */
  readonly criteria: readonly string[];
  /** What {@linkcode Verdict.extent} counts. */
  readonly extent?: string;
  /** What ends a record. */
  readonly separator: "\n" | "\n\n";
  /**
   * Makes the text.
   *
   * @param seed Of its random numbers, if it has any.
   */
  readonly makeText: (seed: number) => string | Promise<string>;
  /**
   * Checks a record.
   *
   * @param record Without its separator.
   * @param previous The record before it in the same text.
   */
  readonly check: (record: string, previous: string | undefined) => Verdict;
}

/** The records of a text, and what is left after the last separator. */
export interface Cut {
  readonly records: readonly string[];
  readonly rest: string;
}

/** Cuts a text after each separator; empty records are passed over. */
export function cutRecords(text: string, separator: string): Cut {
  const parts = text.split(separator);
  const rest = parts.pop()!;
  return { records: parts.filter((part) => part.trim() !== ""), rest };
}

/** Checks records that follow each other. */
export function checkAll({ check }: Structure, records: readonly string[]): Verdict[] {
  return records.map((record, i) => check(record, records[i - 1]));
}

/** Whether all criteria hold. */
export function isWhole({ holds }: Verdict): boolean {
  return holds.every((holds) => holds);
}
