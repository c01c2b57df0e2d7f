/** All kinds of structured text that are measured. */
import { abc } from "./abc.ts";
import { chess } from "./chess.ts";
import { code } from "./code.ts";
import { csv } from "./csv.ts";
import { jsonLines } from "./json_lines.ts";
import type { Structure } from "./structure.ts";

/** In the order of the tables. */
export const structures: readonly Structure[] = [csv, jsonLines, abc, chess, code];
