/// <reference lib="dom" />
import type { UnknownPolicy } from "../../src/mod.ts";
import { formatCount } from "../format.ts";
import { nameOfCharacter } from "../inside/text_layout.ts";
import { givenUnknownPolicy, hasUnknownSymbol, unknownPolicy } from "../state.ts";

/** Unknown characters that are listed. */
const MAX_LISTED = 12;

/** Lists characters that the model does not know, and lets one choose what happens to them. */
export function UnknownCharacters({ characters }: { readonly characters: readonly string[] }) {
  if (characters.length === 0) return null;
  const others = characters.length - MAX_LISTED;
  return (
    <p class="small unknown">
      <span>
        Not in the model's vocabulary:{" "}
        <bdi>{characters.slice(0, MAX_LISTED).map(nameOfCharacter).join(" ")}</bdi>
        {others > 0 && ` and ${formatCount(others)} others`}.
      </span>{" "}
      <select
        aria-label="Unknown characters"
        value={unknownPolicy.value}
        onChange={(event) => givenUnknownPolicy.value = event.currentTarget.value as UnknownPolicy}
      >
        <option>skip</option>
        <option>replace</option>
      </select>{" "}
      <span role="status">
        {unknownPolicy.value === "skip"
          ? "The model reads on without them."
          : hasUnknownSymbol.value
          ? "The model reads its unknown symbol in their place."
          : "The model reads a similar character in their place, or a space."}
      </span>
    </p>
  );
}
