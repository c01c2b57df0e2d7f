/** How the kernels divide the recurrence among workers, on machines of 2, 4, 8 and 16 cores. */
import { assert, assertEquals } from "@std/assert";
import { recurrenceGrid } from "../../src/engine/kernels/instance.ts";
import type { Cell } from "../../src/model/cells.ts";
import { precisions } from "../assembly/module.ts";

/** Teams × workers in each, by cell, H, B and workers. */
const grids: readonly (readonly [Cell, number, number, readonly string[]])[] = [
  // Many streams: each worker has its own.
  ["rnn", 128, 32, ["2×1", "4×1", "8×1", "16×1"]],
  ["lstm", 128, 50, ["2×1", "4×1", "8×1", "16×1"]],
  ["gru", 256, 64, ["2×1", "4×1", "8×1", "16×1"]],
  // Fewer streams than a tile has rows for each worker: teams fill the tile.
  ["gru", 192, 16, ["2×1", "4×1", "4×2", "4×4"]],
  ["gru", 256, 12, ["2×1", "2×2", "2×4", "2×8"]],
  ["gru", 512, 4, ["1×2", "1×4", "1×8", "1×16"]],
  // Whh does not fit into the cache of a core.
  ["lstm", 512, 64, ["2×1", "4×1", "8×1", "8×2"]],
  // A barrier takes longer than the products.
  ["rnn", 16, 3, ["2×1", "3×1", "3×1", "3×1"]],
  // A single stream is shared in a large layer only.
  ["lstm", 256, 1, ["1×2", "1×4", "1×8", "1×16"]],
  ["rnn", 100, 1, ["1×1", "1×1", "1×1", "1×1"]],
];

for (const [cell, hidden, streams, expected] of grids) {
  Deno.test(`recurrenceGrid() divides ${cell}, H ${hidden}, B ${streams}`, () => {
    const actual = [2, 4, 8, 16].map((workers) => {
      const grid = recurrenceGrid({ precision: "f32", cell, hidden, streams, workers });
      return `${grid.teams}×${grid.members}`;
    });
    assertEquals(actual, [...expected]);
  });
}

Deno.test("recurrenceGrid() gives every stream to a team, and uses no more workers than there are", () => {
  for (const precision of precisions) {
    for (const cell of ["rnn", "gru", "lstm"] as const) {
      for (const hidden of [1, 7, 100, 700]) {
        for (const streams of [1, 2, 5, 64]) {
          for (let workers = 1; workers <= 64; workers++) {
            const { teams, members } = recurrenceGrid({
              ...{ precision, cell, hidden, streams, workers },
            });
            assert(teams >= 1 && teams <= streams && members >= 1);
            assert(teams * members <= workers);
          }
        }
      }
    }
  }
});
