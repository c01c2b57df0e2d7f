import { type SourceFile, sourceName } from "./sources.ts";

/** A link to the code that computes what a panel shows. */
export function SourceLink({ file }: { readonly file: SourceFile }) {
  // In another tab, since leaving this one would end its training.
  return (
    <a href={sourceName(file)} target="_blank" rel="noopener">
      <code>{file}</code>
    </a>
  );
}
