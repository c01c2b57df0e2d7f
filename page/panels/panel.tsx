import type { ComponentChildren } from "preact";
import { SourceLink } from "../source_link.tsx";
import type { SourceFile } from "../sources.ts";

/** Properties of a {@linkcode Panel}. */
export interface PanelProps {
  /** The id of the section; that of its title ends with `-title`. */
  readonly id: string;
  readonly title: string;
  /** One sentence that explains the panel. */
  readonly lead: ComponentChildren;
  /** The files that compute what is shown. */
  readonly computedBy?: readonly SourceFile[];
  readonly children?: ComponentChildren;
}

/** A part of the page: a title, one sentence, what it shows, and what computes it. */
export function Panel({ id, title, lead, computedBy = [], children }: PanelProps) {
  return (
    <section class="panel" id={id} aria-labelledby={`${id}-title`}>
      <header>
        <h2 id={`${id}-title`}>{title}</h2>
        <p>{lead}</p>
      </header>
      {children}
      {computedBy.length > 0 && (
        <p class="computed-by">
          Computed by {computedBy.map((path, i) => (
            <span key={path}>
              {i > 0 && ", "}
              <SourceLink file={path} />
            </span>
          ))}
        </p>
      )}
    </section>
  );
}
