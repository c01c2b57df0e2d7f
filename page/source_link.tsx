import { type SourceFile, sourceName } from "./sources.ts";

/** A link to the code that computes what a panel shows. */
export function SourceLink({ file }: { readonly file: SourceFile }) {
  return (
    <a href={sourceName(file)}>
      <code>{file}</code>
    </a>
  );
}
