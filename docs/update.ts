/**
 * `deno task docs`: rewrites what is generated in the documents, the line numbers of links to code
 * and the page of all options.
 */
import { withCurrentLines } from "./links.ts";
import { optionsPage } from "./options.ts";

/** The documents with links to lines of code. */
const documents = ["tour.md"];

if (import.meta.main) {
  for (const name of documents) {
    const path = new URL(name, import.meta.url);
    const markdown = Deno.readTextFileSync(path);
    const current = withCurrentLines(
      markdown,
      (target) => Deno.readTextFileSync(new URL(target, path)),
    );
    if (current !== markdown) Deno.writeTextFileSync(path, current);
    console.log(`${name}: ${current === markdown ? "up to date" : "rewritten"}`);
  }
  Deno.writeTextFileSync(new URL("options.md", import.meta.url), optionsPage());
  console.log("options.md: written");
}
