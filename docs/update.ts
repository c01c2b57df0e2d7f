/**
 * `deno task docs`: rewrites what is generated in the documents, the line numbers of links to
 * code, the figures and names that are quoted from the program, and the page of all options.
 */
import { currentFacts, withCurrentFacts } from "./facts.ts";
import { withCurrentLines } from "./links.ts";
import { optionsPage } from "./options.ts";
import { checkArguments } from "../project_task.ts";

/** The documents with links to lines of code. */
const linked = ["docs/tour.md"];

if (import.meta.main) {
  await checkArguments("docs", "Rewrite what is generated in the documents");
  const root = new URL("../", import.meta.url);
  const facts = await currentFacts();
  for (const name of new Set([...linked, ...facts.map(({ document }) => document)])) {
    const path = new URL(name, root);
    const markdown = Deno.readTextFileSync(path);
    const lines = withCurrentLines(
      markdown,
      (target) => Deno.readTextFileSync(new URL(target, path)),
    );
    const current = withCurrentFacts(lines, facts.filter(({ document }) => document === name));
    if (current !== markdown) Deno.writeTextFileSync(path, current);
    console.log(`${name}: ${current === markdown ? "up to date" : "rewritten"}`);
  }
  Deno.writeTextFileSync(new URL("docs/options.md", root), optionsPage());
  console.log("docs/options.md: written");
}
