import { assertEquals } from "@std/assert";
import { testInFolder } from "./folders.ts";
import { findProblems } from "./hostile_arguments.ts";
import { entries, namesOf, rowsIn } from "./public_face.ts";

testInFolder("every export of the entries has a row", async (folder) => {
  const rows = new Set(Object.keys(await rowsIn(folder)));
  const names = new Set(Object.values(entries).flatMap(namesOf));
  assertEquals([...names].filter((name) => !rows.has(name)), []);
  assertEquals([...rows].filter((name) => !names.has(name)), []);
});

testInFolder("every export refuses values of wrong types in one line", async (folder) => {
  const values = () => [null, 1n, Symbol("s"), { temprature: 1 }];
  assertEquals(await findProblems(folder, { values, withKeys: false }), []);
});
