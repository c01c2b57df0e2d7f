/** The checkers of structured texts: right records are whole, and each fault is found. */
import { assert, assertEquals } from "@std/assert";
import { abc } from "../../../bench/structure/abc.ts";
import { chess } from "../../../bench/structure/chess.ts";
import { code } from "../../../bench/structure/code.ts";
import { csv } from "../../../bench/structure/csv.ts";
import { jsonLines } from "../../../bench/structure/json_lines.ts";
import {
  checkAll,
  cutRecords,
  isWhole,
  type Structure,
} from "../../../bench/structure/structure.ts";
import { structures } from "../../../bench/structure/structures.ts";

const canRead = Deno.permissions.querySync({ name: "read" }).state === "granted";

/** The names of the criteria that do not hold. */
function faultsOf(structure: Structure, record: string, previous?: string): string[] {
  const { holds } = structure.check(record, previous);
  assertEquals(holds.length, structure.criteria.length);
  return structure.criteria.filter((_, i) => !holds[i]);
}

for (const structure of structures) {
  Deno.test({
    name: `${structure.name}: all records of the text itself are whole (needs --allow-read)`,
    ignore: !canRead,
    async fn() {
      const text = await structure.makeText(3);
      const { records, rest } = cutRecords(text, structure.separator);
      assertEquals(rest, "");
      assert(records.length > 200, String(records.length));
      // Finding the legal moves of all games takes several seconds.
      const checked = structure === chess ? records.slice(0, 25) : records;
      const broken = checkAll(structure, checked).findIndex((verdict) => !isWhole(verdict));
      assertEquals(broken, -1, checked[broken]);
      assertEquals(await structure.makeText(3), text);
    },
  });

  Deno.test({
    name:
      `${structure.name}: a text with a character left out is no longer whole (needs --allow-read)`,
    ignore: !canRead,
    async fn() {
      const { records } = cutRecords(await structure.makeText(1), structure.separator);
      // A short one. A comment or a title may lose a letter.
      const record = records.slice(0, 20).reduce((a, b) => a.length < b.length ? a : b);
      const broken = Array.from(
        record,
        (_, i) => isWhole(structure.check(record.slice(0, i) + record.slice(i + 1), undefined)),
      ).filter((whole) => !whole);
      assert(broken.length > record.length / 10, `${broken.length} of ${record.length}`);
    },
  });
}

Deno.test("csv: check() finds wrong columns, types and keys", () => {
  const row = "10007,2021-02-28,Quito,-0.4,100,fog";
  assertEquals(faultsOf(csv, row), []);
  assertEquals(faultsOf(csv, row, "10006,2021-02-28,Quito,1.0,20,fog"), []);
  for (const wrong of ["10007,2021-02-28,Quito,-0.4,100", `${row},`, "", "10007;2021"]) {
    assertEquals(faultsOf(csv, wrong).slice(0, 2), ["columns", "types"], wrong);
  }
  for (
    const wrong of [
      row.replace("02-28", "02-30"),
      row.replace("02-28", "13-01"),
      row.replace("Quito", "Quiot"),
      row.replace("-0.4", "--4"),
      row.replace("-0.4", "0.44"),
      row.replace(",100,", ",101,"),
      row.replace("10007", "00007"),
    ]
  ) {
    assertEquals(faultsOf(csv, wrong), ["types"], wrong);
  }
  for (const key of [10007, 10008, 99999]) {
    assertEquals(faultsOf(csv, row, `${key},a,b`), ["key grows"]);
  }
});

Deno.test("json: check() finds what does not parse, other keys and wrong types", () => {
  const line =
    '{"id":1,"name":"Ada Berg","roles":[],"address":{"city":"Osaka","zip":"01234"},"score":null,"active":true}';
  assertEquals(faultsOf(jsonLines, line), []);
  assertEquals(faultsOf(jsonLines, line.slice(0, -1)), ["parses", "keys", "types"]);
  assertEquals(faultsOf(jsonLines, line.replace('"id":1,', '"id":01,')).length, 3);
  for (const value of ["null", "[]", "7", '{"address":null}', "{}"]) {
    assertEquals(faultsOf(jsonLines, value), ["keys", "types"], value);
  }
  assertEquals(faultsOf(jsonLines, line.replace("zip", "zap")), ["keys", "types"]);
  assertEquals(faultsOf(jsonLines, line.replace('"id":1,', "")), ["keys", "types"]);
  assertEquals(faultsOf(jsonLines, line.replace("Osaka", "Osako")), ["types"]);
  assertEquals(faultsOf(jsonLines, line.replace("[]", '["king"]')), ["types"]);
  assertEquals(faultsOf(jsonLines, line.replace("true", "1")), ["types"]);
});

Deno.test("abc: check() finds wrong headers, bars, repeats and ends", () => {
  const tune = [
    ...["X:12", "T:The Old Piper", "M:3/4", "L:1/8", "K:Dm"],
    ...["|:AB c2 d2|e3/2f/2 ed c2|z2 A4|", "^c2 =B,2 _A2:|", "|:A6|", "AB cd ef:|"],
  ].join("\n");
  assertEquals(faultsOf(abc, tune), []);
  assertEquals(faultsOf(abc, tune.replace("K:Dm\n", "")), ["headers"]);
  assertEquals(faultsOf(abc, tune.replace("M:3/4\n", "")), ["headers", "bars"]);
  assertEquals(faultsOf(abc, tune.replace("M:3/4", "M:2/4")), ["bars"]);
  assertEquals(faultsOf(abc, tune.replace("X:12", "X:0")), ["headers"]);
  assertEquals(faultsOf(abc, tune.replace("A6", "A5")), ["bars"]);
  assertEquals(faultsOf(abc, tune.replace("c2 d2|", "c2 d2 |")), []);
  assertEquals(faultsOf(abc, tune.replace("c2 d2|", "c2 h2|")), ["bars"]);
  assertEquals(faultsOf(abc, tune.replace("|:A6", "|A6")), ["repeats"]);
  assertEquals(faultsOf(abc, tune.replace("_A2:|", "_A2|")), ["repeats"]);
  assertEquals(faultsOf(abc, tune.slice(0, -2)), ["repeats", "ends"]);
  assertEquals(faultsOf(abc, tune.slice(0, tune.lastIndexOf("cd"))), ["bars", "repeats", "ends"]);
  assertEquals(faultsOf(abc, "X:1\nT:A\nM:3/4\nL:1/8\nK:C"), [
    ...["headers", "bars", "repeats", "ends"],
  ]);
});

Deno.test("chess: check() finds illegal moves, wrong numbers and a missing result", () => {
  const game = "1.f3 e5 2.g4 Qh4# 0-1";
  assertEquals(faultsOf(chess, game), []);
  assertEquals(chess.check(game, undefined).extent, 4);
  assertEquals(faultsOf(chess, game.replace(" 0-1", "")), ["result"]);
  assertEquals(faultsOf(chess, game.replace("2.", "3.")), ["notation"]);
  assertEquals(faultsOf(chess, game.replace("2.", "")), ["notation"]);
  assertEquals(faultsOf(chess, game.replace("e5", "2.e5")), ["notation"]);
  assertEquals(faultsOf(chess, game.replace("g4", "g6")), ["legal"]);
  assertEquals(chess.check(game.replace("g4", "g6"), undefined).extent, 2);
  assertEquals(faultsOf(chess, game.replace("g4", "zz")), ["notation", "legal"]);
  assertEquals(faultsOf(chess, ""), ["notation", "result", "legal"]);
});

Deno.test("code: check() finds brackets that do not match, and what does not parse", () => {
  const right = [
    "export const a: readonly string[] = [\"(\", `[${1}`, '{'];",
    "// a ( in a comment\nfunction f(x: number) {\n  return /[(]{/.test(String(x));\n}",
    "/** { */\ninterface A {\n  readonly b?: (c: string) => void;\n}",
    'import { a } from "./a.ts";\nexport { a };',
  ];
  for (const source of right) assertEquals(faultsOf(code, source), [], source);
  for (const source of ["f(", "f)", "f([)]", "const a = [1, 2;", 'f("a);', "/* f()"]) {
    assertEquals(faultsOf(code, source), ["brackets", "parses"], source);
  }
  for (const source of ["const = 3;", "a b", "function () {}", "return 1;", "let a; let a;"]) {
    assertEquals(faultsOf(code, source), ["parses"], source);
  }
});

Deno.test("cutRecords() keeps what is not ended as the rest", () => {
  assertEquals(cutRecords("a\nb\n\nc", "\n"), { records: ["a", "b"], rest: "c" });
  assertEquals(cutRecords("a\nb\n\nc\n\n", "\n\n"), { records: ["a\nb", "c"], rest: "" });
});
