import { assertEquals } from "@std/assert";
import { testInFolder } from "./folders.ts";
import { findProblems, hostileValues } from "./hostile_arguments.ts";

testInFolder(
  "every export refuses hostile arguments in one line, and works afterwards",
  async (folder) => {
    assertEquals(await findProblems(folder, { values: hostileValues, withKeys: true }), []);
  },
);
