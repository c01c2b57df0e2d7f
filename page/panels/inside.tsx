/// <reference lib="dom" />
import { effect, signal, useComputed, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { countOf, formatCount, formatPercent } from "../format.ts";
import { ColoredText } from "../inside/colored_text.ts";
import { type FeatureName, features } from "../inside/features.ts";
import type { CharacterInspection } from "../inside/inspection.ts";
import type { RankedUnit } from "../inside/rank_units.ts";
import { Inspector, type Mode } from "../inside/inspector.ts";
import { nameOfCharacter } from "../inside/text_layout.ts";
import { LEAD } from "../inside/text_parts.ts";
import { describeUnit, kinds, kindsOfCell, type UnitKind } from "../inside/units.ts";
import type { SourceFile } from "../sources.ts";
import { model, text, unknownPolicy } from "../state.ts";
import { ModelNote } from "./model_note.tsx";
import { Panel } from "./panel.tsx";
import { UnknownCharacters } from "./unknown_characters.tsx";

const inspector = new Inspector({ model, trainingText: text, unknown: unknownPolicy });
/** What a screen reader reads after a key has moved to another character. */
const announcement = signal("");
let isAnnounced = false;

const modes: Readonly<
  Record<Mode, { readonly label: string; readonly sentence: string; readonly source: SourceFile }>
> = {
  loss: {
    label: "Loss",
    sentence: "Each character is colored by its loss: how little the model expected it.",
    source: "page/inside/inspection.ts",
  },
  unit: {
    label: "One unit",
    sentence:
      "The text is colored by what one unit of the network does: some of them follow something that you can see, such as quotation marks.",
    source: "page/inside/rank_units.ts",
  },
  depends: {
    label: "Connections",
    sentence:
      "Point at a character to see which earlier ones its prediction depends on: where another character would change it most.",
    source: "page/inside/connectivity.ts",
  },
};

/** Colors a text by what the model does with it. */
export function InsidePanel() {
  const container = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const observer = new IntersectionObserver(
      (entries) => inspector.isVisible.value = entries.at(-1)!.isIntersecting,
      { rootMargin: "200px" },
    );
    observer.observe(container.current!);
    return () => observer.disconnect();
  }, []);
  const isReady = model.value !== null;
  const { sentence, source } = modes[inspector.mode.value];
  return (
    <Panel
      id="inside"
      title="Look inside"
      lead={isReady ? sentence : "See what the model does with each character of a text."}
      computedBy={[source]}
    >
      <div ref={container}>
        {isReady
          ? <Inside />
          : <p class="placeholder">Looking inside begins with the first model.</p>}
      </div>
    </Panel>
  );
}

function Inside() {
  const mode = inspector.mode.value;
  return (
    <>
      <ModelNote />
      <fieldset class="segments">
        <legend class="visually-hidden">Color the text by</legend>
        {Object.entries(modes).map(([name, { label }]) => (
          <label key={name}>
            <input
              type="radio"
              name="inside-mode"
              checked={mode === name}
              onChange={() => inspector.mode.value = name as Mode}
            />
            <span>{label}</span>
          </label>
        ))}
      </fieldset>
      {mode === "unit" && <UnitSearch />}
      <Legend />
      <div class="inside-view">
        <div>
          <TextView />
          <Parts />
        </div>
        <Detail />
      </div>
      <Notes />
      <CharacterTable />
      <OwnText />
      <p class="visually-hidden" role="status">{announcement}</p>
    </>
  );
}

/** Which part of a long text is shown. */
function Parts() {
  const parts = inspector.parts.value;
  if (parts === null || parts.count < 2) return null;
  const part = inspector.part.value;
  const start = parts.startOf(part);
  const end = Math.min(parts.chars, start + parts.partLength);
  const span = `Characters ${formatCount(start + 1)} to ${formatCount(end)}`;
  const show = (part: number) => inspector.part.value = part;
  return (
    <div class="parts">
      <div class="timeline">
        <button
          type="button"
          aria-label="Earlier part"
          disabled={part === 0}
          onClick={() => show(part - 1)}
        >
          ←
        </button>
        <input
          type="range"
          aria-label="Part of the text"
          aria-valuetext={span}
          min={0}
          max={parts.count - 1}
          value={part}
          onInput={(event) => show(event.currentTarget.valueAsNumber)}
        />
        <button
          type="button"
          aria-label="Later part"
          disabled={part === parts.count - 1}
          onClick={() => show(part + 1)}
        >
          →
        </button>
      </div>
      <p class="small soft">
        {span} of {formatCount(parts.chars)}
        {start > 0 && `; the model begins to read ${formatCount(LEAD)} characters before them`}.
      </p>
    </div>
  );
}

/** The number of a character in the whole text, from 1. */
function numberOf(position: number): number {
  return (inspector.parts.value?.startOf(inspector.part.value) ?? 0) + position + 1;
}

function Legend() {
  const { scale } = inspector.levels.value;
  if (scale === null) return null;
  return (
    <figure class="scale">
      <figcaption>{scale.label}</figcaption>
      <ol>
        {scale.legend.map((label, level) => (
          <li key={label} style={`--swatch: var(--${scale.name}-${level})`}>{label}</li>
        ))}
      </ol>
    </figure>
  );
}

function TextView() {
  const host = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const view = new ColoredText(host.current!, {
      onPoint: (position, how) => {
        if (how === "hover" && inspector.isPinned.value) return;
        const isSame = inspector.position.value === position;
        if (how === "click") inspector.isPinned.value = !(isSame && inspector.isPinned.value);
        else if (how === "key") inspector.isPinned.value = true;
        isAnnounced = how === "key";
        inspector.position.value = position;
      },
      onSelect: (span) => inspector.selection.value = span,
      onDisplay: () => inspector.setDisplayed(view.displayed),
      onEscape: () => inspector.isPinned.value = false,
    });
    const disposers = [
      effect(() => view.setText(inspector.characters.value)),
      effect(() => {
        const { scale, levels } = inspector.levels.value;
        view.setLevels(scale, levels);
      }),
      effect(() => view.setPointed(inspector.position.value)),
      effect(() => view.setShown(inspector.isVisible.value)),
      effect(() => {
        const detail = inspector.detail.value;
        if (!isAnnounced || detail === null || detail.position !== inspector.position.value) return;
        isAnnounced = false;
        announcement.value = describeDetail();
      }),
    ];
    return () => {
      disposers.forEach((dispose) => dispose());
      view.dispose();
    };
  }, []);
  return (
    <div
      ref={host}
      class="inside-text"
      tabindex={0}
      role="application"
      aria-roledescription="text"
      aria-label="The text, character by character. Arrow keys move, Shift with arrow keys selects."
    />
  );
}

/** One line about the character that is looked at. */
function describeDetail(): string {
  const detail = inspector.detail.value;
  if (detail === null) return "";
  const name = nameOfCharacter(inspector.characters.value[detail.position] ?? "");
  const [top] = detail.top;
  const expected = top === undefined
    ? ""
    : `, expected ${nameOfCharacter(top.character)} ${formatPercent(top.probability)}`;
  const loss = detail.nats === null ? "not predicted" : formatBits(detail.nats);
  const value = inspector.mode.value === "unit"
    ? `, unit ${formatValue(inspector.valueOf(detail.position))}`
    : "";
  return `${name}, ${loss}${expected}${value}`;
}

function Detail() {
  const detail = inspector.detail.value;
  if (detail === null) return <div class="inside-detail" />;
  const { readAs } = detail;
  const character = inspector.characters.value[detail.position] ?? "";
  const unit = inspector.unit.value;
  const isPinned = inspector.isPinned.value;
  return (
    <div class="inside-detail">
      <h3>
        <bdi>{nameOfCharacter(character)}</bdi>{" "}
        <small>character {formatCount(numberOf(detail.position))}</small>
      </h3>
      {readAs === null && <p>The model does not know this character; it reads on without it.</p>}
      {readAs !== null && readAs !== character && (
        <p>
          The model does not know this character; it reads <bdi>{nameOfCharacter(readAs)}</bdi>{" "}
          in its place.
        </p>
      )}
      {readAs !== null && detail.nats === null && <p>The first character: nothing predicts it.</p>}
      {detail.nats !== null && (
        <>
          <dl>
            <dt>Loss</dt>
            <dd>{formatBits(detail.nats)}</dd>
            <dt>Probability</dt>
            <dd>{formatPercent(Math.exp(-detail.nats))}</dd>
            {inspector.mode.value === "unit" && (
              <>
                <dt>{kinds[unit.kind].label}</dt>
                <dd>{formatValue(inspector.valueOf(detail.position))}</dd>
              </>
            )}
          </dl>
          <Bars
            caption="Most probable here"
            rows={detail.top.map(({ character: c, probability }) => ({
              name: nameOfCharacter(c),
              value: probability,
              isActual: c === readAs,
            }))}
          />
        </>
      )}
      {inspector.mode.value === "depends" && <Dependencies detail={detail} />}
      {isPinned && (
        <p>
          <button type="button" onClick={() => inspector.isPinned.value = false}>
            Follow the pointer
          </button>
        </p>
      )}
    </div>
  );
}

/** Characters in the list of those that a prediction depends on. */
const MAX_DEPENDENCIES = 6;

function Dependencies({ detail: { connectivity, from, position } }: {
  readonly detail: CharacterInspection;
}) {
  const order = [...connectivity.keys()]
    .sort((a, b) => connectivity[b]! - connectivity[a]!)
    .slice(0, MAX_DEPENDENCIES);
  const largest = connectivity[order[0] ?? 0] || 1;
  if (order.length === 0) return null;
  return (
    <Bars
      caption="Depends most on"
      kind="depends"
      rows={order.map((i) => ({
        name: `${nameOfCharacter(inspector.characters.value[from + i] ?? "")}, ${
          position - from - i
        } back`,
        value: connectivity[i]! / largest,
        isActual: false,
      }))}
    />
  );
}

interface BarRow {
  readonly name: string;
  readonly value: number;
  readonly isActual: boolean;
}

interface BarsProps {
  readonly caption: string;
  readonly rows: readonly BarRow[];
  readonly kind?: string;
}

function Bars({ caption, rows, kind = "" }: BarsProps) {
  return (
    <table class={`bars ${kind}`}>
      <caption>{caption}</caption>
      <tbody>
        {rows.map(({ name, value, isActual }) => (
          <tr key={name} class={isActual ? "is-actual" : ""}>
            <th scope="row">
              <bdi>{name}</bdi>
              {isActual && <span class="visually-hidden">(as in the text)</span>}
            </th>
            <td style={`--part: ${100 * value}%`}>{formatPercent(value)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function UnitSearch() {
  const { config } = model.value!;
  const unit = inspector.unit.value;
  const selection = inspector.selection.value;
  const followed = inspector.isSearching.value ?? inspector.found.value?.followed;
  useEffect(() => inspector.searchFirst(), []);
  const set = (change: Partial<typeof unit>) => inspector.chosenUnit.value = { ...unit, ...change };
  return (
    <div class="unit-search">
      <fieldset class="features">
        <legend>Find units that follow</legend>
        {Object.entries(features).map(([name, { label }]) => (
          <button
            key={name}
            type="button"
            aria-pressed={followed === name}
            onClick={() => inspector.search(name as FeatureName)}
          >
            {label}
          </button>
        ))}
        <button
          type="button"
          aria-pressed={followed === "selection"}
          disabled={selection === null}
          onClick={() => inspector.search("selection")}
        >
          {selection === null
            ? "characters that you select in the text"
            : `the ${countOf(selection.to - selection.from, "selected character")}`}
        </button>
      </fieldset>
      <Ranking />
      <div class="fields">
        <label>
          <span>State or gate</span>
          <select
            value={unit.kind}
            onChange={(event) => set({ kind: event.currentTarget.value as UnitKind })}
          >
            {kindsOfCell[config.cell].map((kind) => (
              <option key={kind} value={kind}>{kinds[kind].label}</option>
            ))}
          </select>
        </label>
        {config.layers > 1 && (
          <label>
            <span>Layer</span>
            <select
              value={String(unit.layer)}
              onChange={(event) => set({ layer: Number(event.currentTarget.value) })}
            >
              {Array.from(
                { length: config.layers },
                (_, layer) => (
                  <option key={layer} value={String(layer)}>{layer + 1} of {config.layers}</option>
                ),
              )}
            </select>
          </label>
        )}
        <label>
          <span>Unit, 1 to {config.hidden}</span>
          <input
            type="number"
            min={1}
            max={config.hidden}
            value={unit.index + 1}
            onInput={(event) => {
              const number = event.currentTarget.valueAsNumber;
              if (number >= 1 && number <= config.hidden) set({ index: Math.floor(number) - 1 });
            }}
          />
        </label>
      </div>
    </div>
  );
}

function Ranking() {
  const found = inspector.found.value;
  if (inspector.isSearching.value !== null && found === null) {
    return <p class="ranking" role="status">Comparing all units with the text …</p>;
  }
  if (found === null) return null;
  const { config, progress } = model.value!;
  const label = found.followed === "selection"
    ? "the selected characters"
    : features[found.followed].label;
  const isConstant = found.units.every(({ correlation }) => correlation === 0);
  if (isConstant) return <p>Nothing to follow: “{label}” is the same everywhere in this text.</p>;
  const unit = inspector.unit.value;
  const isChosen = (ranked: RankedUnit) =>
    ranked.unit.kind === unit.kind && ranked.unit.layer === unit.layer &&
    ranked.unit.index === unit.index;
  return (
    <div class="ranking">
      <p role="status">
        Correlation with “{label}”, model of step {formatCount(found.step)}.{" "}
        {progress.step !== found.step && (
          <button
            type="button"
            class="link"
            onClick={() => inspector.search(found.followed)}
          >
            Search again
          </button>
        )}
      </p>
      <ol>
        {found.units.map((ranked) => {
          const { unit, correlation } = ranked;
          return (
            <li key={describeUnit(unit, config.layers)}>
              <button
                type="button"
                aria-pressed={isChosen(ranked)}
                onClick={() => inspector.chosenUnit.value = unit}
              >
                <span>
                  {describeUnit(unit, config.layers).split(/(?<=,) /).map((part) => (
                    <span key={part}>{part}</span>
                  ))}
                </span>
                <span
                  class={correlation < 0 ? "bar is-negative" : "bar"}
                  style={`--part: ${100 * Math.abs(correlation)}%`}
                />
                <span class="number">{formatValue(correlation)}</span>
              </button>
            </li>
          );
        })}
      </ol>
      <p class="soft">
        By chance: 19 copies shifted along the text reach at most {found.chance.toFixed(2)}{" "}
        with any unit.
      </p>
    </div>
  );
}

function Notes() {
  const distinct = useComputed(() => [...new Set(inspector.characters.value)]);
  const unknown = useComputed(() => {
    const known = new Set(model.value?.vocabulary);
    return distinct.value.filter((character) => !known.has(character));
  });
  const progress = inspector.progress.value;
  return (
    <div class="notes">
      {progress < 1 && <p>{Math.floor(100 * progress)} % of these characters read.</p>}
      <UnknownCharacters characters={unknown.value} />
      {model.value!.config.holdout === "lines" && (
        <p>Each line is read from a zero hidden state, as in training.</p>
      )}
      {inspector.error.value !== null && <p role="alert">{inspector.error}</p>}
    </div>
  );
}

/** Characters on each side in the table. */
const TABLE_MARGIN = 20;

function CharacterTable() {
  const isOpen = useSignal(false);
  return (
    <details onToggle={(event) => isOpen.value = event.currentTarget.open}>
      <summary>These characters as a table</summary>
      {isOpen.value && <TableRows />}
    </details>
  );
}

function TableRows() {
  const position = inspector.position.value ?? 0;
  const characters = inspector.characters.value;
  const mode = inspector.mode.value;
  const detail = inspector.detail.value;
  // Read, so that the table follows the colors.
  inspector.levels.value;
  const from = Math.max(0, position - TABLE_MARGIN);
  const to = Math.min(characters.length, position + TABLE_MARGIN + 1);
  const largest = detail?.connectivity.reduce((a, b) => Math.max(a, b), 0) || 1;
  return (
    <div class="scroll" tabindex={0}>
      <table class="numbers">
        <thead>
          <tr>
            <th scope="col">Number</th>
            <th scope="col">Character</th>
            <th scope="col">Loss</th>
            {mode === "unit" && <th scope="col">Unit</th>}
            {mode === "depends" && (
              <th scope="col">Dependence of {formatCount(numberOf(position))}</th>
            )}
          </tr>
        </thead>
        <tbody>
          {characters.slice(from, to).map((character, i) => {
            const at = from + i;
            const norm = detail?.connectivity[at - detail.from];
            return (
              <tr key={at} aria-current={at === position ? "true" : undefined}>
                <td>{formatCount(numberOf(at))}</td>
                <td>
                  <bdi>{nameOfCharacter(character)}</bdi>
                </td>
                <td>{formatBits(inspector.lossOf(at))}</td>
                {mode === "unit" && <td>{formatValue(inspector.valueOf(at))}</td>}
                {mode === "depends" && (
                  <td>{norm === undefined ? "" : formatPercent(norm / largest)}</td>
                )}
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

/** A longer text is looked into at once: a text field would be slow with it. */
const MAX_EDITABLE = 20_000;

function OwnText() {
  const draft = useSignal("");
  return (
    <details open={inspector.characters.value.length === 0}>
      <summary>Look into another text</summary>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          inspector.ownText.value = draft.value;
        }}
      >
        <label>
          <span>Your text; it stays on this machine</span>
          <textarea
            rows={4}
            dir="auto"
            value={draft}
            onInput={(event) => draft.value = event.currentTarget.value}
            onPaste={(event) => {
              const pasted = event.clipboardData?.getData("text/plain") ?? "";
              if (pasted.length <= MAX_EDITABLE) return;
              event.preventDefault();
              inspector.ownText.value = pasted;
            }}
          />
        </label>
        <p class="row">
          <button type="submit" disabled={draft.value === ""}>Look into it</button>
          <label class="button">
            Open a file…
            <input
              class="visually-hidden"
              type="file"
              onChange={(event) => {
                const file = event.currentTarget.files?.[0];
                if (file !== undefined) inspector.ownText.value = file;
                event.currentTarget.value = "";
              }}
            />
          </label>
          {inspector.ownText.value !== null && (
            <button
              type="button"
              onClick={() => inspector.ownText.value = null}
            >
              Back to the training text
            </button>
          )}
        </p>
      </form>
    </details>
  );
}

function formatBits(nats: number): string {
  if (Number.isNaN(nats)) return "–";
  // Rounding errors may leave slightly less than 0, which would print a minus sign.
  return `${(Math.max(0, nats) / Math.LN2).toFixed(2)} bits`;
}

function formatValue(value: number): string {
  if (Number.isNaN(value)) return "–";
  return value.toFixed(2).replace("-", "−");
}
