/** Which parts of a text a person wrote, and which the model. Lengths are in UTF-16 code units. */

/** Neighboring code units of one author. */
export interface Passage {
  readonly length: number;
  readonly isGenerated: boolean;
}

/** A part of a text that was replaced by another one. */
export interface Change {
  readonly from: number;
  readonly to: number;
  /** The length of what stands there now. */
  readonly length: number;
}

/**
 * Finds what was replaced.
 *
 * @param texts The text before and after the change.
 * @param caret Where the cursor is now: at the end of what was inserted. It decides where one of
 * several equal characters was inserted.
 */
export function findChange(
  { before, after }: { readonly before: string; readonly after: string },
  caret: number,
): Change {
  const shortest = Math.min(before.length, after.length);
  let end = 0;
  while (
    end < Math.min(shortest, after.length - caret) &&
    before[before.length - 1 - end] === after[after.length - 1 - end]
  ) end++;
  let from = 0;
  while (from < shortest - end && before[from] === after[from]) from++;
  return { from, to: before.length - end, length: after.length - end - from };
}

/** The passages after a change by one author; neighbors of one author are joined. */
export function changePassages(
  passages: readonly Passage[],
  { from, to, length }: Change,
  isGenerated: boolean,
): Passage[] {
  const parts = [
    ...cut(passages, 0, from),
    { length, isGenerated },
    ...cut(passages, to, Infinity),
  ];
  const joined: Passage[] = [];
  for (const part of parts) {
    if (part.length === 0) continue;
    const last = joined.at(-1);
    if (last?.isGenerated !== part.isGenerated) joined.push(part);
    else joined[joined.length - 1] = { ...last, length: last.length + part.length };
  }
  return joined;
}

function cut(passages: readonly Passage[], from: number, to: number): Passage[] {
  let at = 0;
  return passages.map(({ length, isGenerated }) => {
    const start = at;
    at += length;
    const kept = Math.min(at, to) - Math.max(start, from);
    return { length: Math.max(0, kept), isGenerated };
  });
}
