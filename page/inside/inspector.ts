/// <reference lib="dom" />
import { batch, computed, effect, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { UnknownPolicy } from "../../src/mod.ts";
import { query } from "../worker/query.ts";
import type { ModelFile, TextSource } from "../worker/protocol.ts";
import { type FeatureName, features } from "./features.ts";
import type { CharacterInspection } from "./inspection.ts";
import { Latest } from "./latest.ts";
import type { Ranking } from "./rank_units.ts";
import { dependsScale, gateScale, lossScale, NO_LEVEL, type Scale, signedScale } from "./scales.ts";
import type { CharacterSpan } from "./text_layout.ts";
import { type TextPart, TextParts } from "./text_parts.ts";
import { kinds, kindsOfCell, type Unit } from "./units.ts";

/** What the colors of the text are. */
export type Mode = "loss" | "unit" | "depends";

/** Characters of a part of the training text: some screenfuls, which are read for each new model. */
const TRAINING_PART = 4000;
/** Characters of a part of a text of the reader's own. */
const OWN_PART = 50_000;
/** The character that is looked at first, so that the panel is never empty. */
const FIRST_POSITION = 120;

/** Part of a text that must have a feature for units to be searched by it first. */
const MIN_FEATURE = 0.05;
/** What units are searched by at first, if the text has it. */
const firstFeatures: readonly FeatureName[] = ["quotes", "linePosition", "wordPosition"];

/** A ranking of units, and what it is of. */
export interface FoundUnits extends Ranking {
  readonly followed: FeatureName | "selection";
  /** The step of the model. */
  readonly step: number;
}

/** What an {@linkcode Inspector} looks into. */
export interface InspectorOptions {
  readonly model: ReadonlySignal<ModelFile | null>;
  readonly trainingText: ReadonlySignal<TextSource | null>;
  /** What happens to characters that the model does not know. */
  readonly unknown: ReadonlySignal<UnknownPolicy>;
}

/** Everything that the panel Look inside shows, as signals; its questions go to the query worker. */
export class Inspector {
  readonly #model: ReadonlySignal<ModelFile | null>;
  readonly #unknown: ReadonlySignal<UnknownPolicy>;
  readonly #dispose: () => void;
  readonly #characters = signal<readonly string[]>([]);
  readonly #parts = signal<TextParts | null>(null);
  readonly #levels = signal<{ readonly scale: Scale | null; readonly levels: Uint8Array }>({
    scale: null,
    levels: new Uint8Array(),
  });
  readonly #values = signal<Float32Array>(new Float32Array());
  readonly #detail = signal<CharacterInspection | null>(null);
  readonly #found = signal<FoundUnits | null>(null);
  readonly #isSearching = signal<FeatureName | "selection" | null>(null);
  readonly #progress = signal(1);
  readonly #error = signal<string | null>(null);
  /** In nats; NaN where nothing is known yet. */
  #nats: Float32Array = new Float32Array();
  #lossLevels: Uint8Array = new Uint8Array();
  /** The part that is shown, and before it what the model reads first. */
  #text = "";
  /** Characters of the text before the part. */
  #lead = 0;
  #displayed: CharacterSpan | null = null;
  /** Number of changes of the part, so that answers on an older one are dropped. */
  #version = 0;
  /** Number of texts and of parts that were asked for; one that is not the last is dropped. */
  #opened = 0;
  #read = 0;
  /** Number of searches; the answer to one that is not the last is dropped. */
  #searches = 0;
  readonly #lossRuns = new Latest();
  readonly #valueRuns = new Latest();
  readonly #detailRuns = new Latest();

  /** What the colors are. */
  readonly mode: Signal<Mode> = signal("loss");
  /** The unit that is shown; it may be beyond the sizes of another model. */
  readonly chosenUnit: Signal<Unit> = signal({ kind: "hidden", layer: 0, index: 0 });
  /** The character that is looked at. */
  readonly position: Signal<number | null> = signal(null);
  /** Whether it stays while the pointer moves. */
  readonly isPinned: Signal<boolean> = signal(false);
  /** The characters that are selected. */
  readonly selection: Signal<CharacterSpan | null> = signal(null);
  /** Whether the panel is near the visible part of the page; else it asks nothing. */
  readonly isVisible: Signal<boolean> = signal(false);
  /** A text of the reader's own; `null` for the training text. */
  readonly ownText: Signal<string | Blob | null> = signal(null);
  /** The index of the part that is shown. */
  readonly part: Signal<number> = signal(0);

  /** The text in parts; `null` before there is one. */
  readonly parts: ReadonlySignal<TextParts | null> = this.#parts;
  /** The part, character by character. */
  readonly characters: ReadonlySignal<readonly string[]> = this.#characters;
  /** The colors. */
  readonly levels: ReadonlySignal<{ readonly scale: Scale | null; readonly levels: Uint8Array }> =
    this.#levels;
  /** What the model does at the character that is looked at. */
  readonly detail: ReadonlySignal<CharacterInspection | null> = this.#detail;
  /** The units that follow what was searched for. */
  readonly found: ReadonlySignal<FoundUnits | null> = this.#found;
  /** What units are being searched by; `null` if none are. */
  readonly isSearching: ReadonlySignal<FeatureName | "selection" | null> = this.#isSearching;
  /** Fraction of the part whose losses are known, 0 to 1. */
  readonly progress: ReadonlySignal<number> = this.#progress;
  /** What failed last. */
  readonly error: ReadonlySignal<string | null> = this.#error;
  /** The unit, within the sizes of the model. */
  readonly unit: ReadonlySignal<Unit>;

  /** Looks into a model and the text that it is trained on. */
  constructor({ model, trainingText, unknown }: InspectorOptions) {
    this.#model = model;
    this.#unknown = unknown;
    this.unit = computed(() => {
      const { kind, layer, index } = this.chosenUnit.value;
      const config = model.value?.config;
      if (config === undefined) return { kind: "hidden", layer: 0, index: 0 };
      return {
        kind: kindsOfCell[config.cell].includes(kind) ? kind : "hidden",
        layer: Math.min(layer, config.layers - 1),
        index: Math.min(index, config.hidden - 1),
      };
    });
    const disposers = [
      effect(() => {
        const own = this.ownText.value;
        const content = own ?? trainingText.value?.content ?? "";
        void this.#open(content, own === null ? TRAINING_PART : OWN_PART);
      }),
      effect(() => void this.#readPart()),
      effect(() => this.#runLosses()),
      effect(() => this.#runValues()),
      effect(() => this.#runDetail()),
      effect(() => this.#color()),
    ];
    this.#dispose = () => disposers.forEach((dispose) => dispose());
  }

  /** Ends all effects. */
  dispose(): void {
    this.#dispose();
  }

  /** The loss of a character in nats; NaN if it is not known, or nothing predicts it. */
  lossOf(position: number): number {
    return this.#nats[position] ?? NaN;
  }

  /** The value of the unit at a character; NaN if it is not known. */
  valueOf(position: number): number {
    return this.#values.value[position] ?? NaN;
  }

  /** Says which characters are displayed, which need the values of the unit. */
  setDisplayed(span: CharacterSpan | null): void {
    this.#displayed = span;
    this.#runValues();
  }

  /** Searches for the units that follow a feature or the selection best. */
  async search(followed: FeatureName | "selection"): Promise<void> {
    const model = this.#model.value;
    const selection = this.selection.value;
    if (model === null || followed === "selection" && selection === null) return;
    this.#isSearching.value = followed;
    const version = this.#version;
    const own = ++this.#searches;
    try {
      const ranking = await query(model, "rankUnits", {
        ...{ text: this.#text, unknown: this.#unknown.peek() },
        followed: followed === "selection" ? this.#inText(selection!) : followed,
      });
      if (version !== this.#version || own !== this.#searches) return;
      this.#found.value = { ...ranking, followed, step: model.progress.step };
      const [best] = ranking.units;
      if (best) this.chosenUnit.value = best.unit;
    } catch (error) {
      this.#fail(error);
    } finally {
      if (own === this.#searches) this.#isSearching.value = null;
    }
  }

  /** Searches by the first feature that the text has, unless units have been searched or chosen. */
  searchFirst(): void {
    const isFirst = this.#found.peek() === null && this.#isSearching.peek() === null;
    if (!isFirst || this.#model.peek() === null) return;
    const characters = this.#characters.peek();
    const hasFeature = (name: FeatureName) => {
      const values = features[name].compute(characters);
      const others = values.reduce((count, value) => count + (value === values[0] ? 0 : 1), 0);
      return others > MIN_FEATURE * values.length;
    };
    const first = firstFeatures.find(hasFeature);
    if (first !== undefined) void this.search(first);
  }

  /** Opens a text, and shows its first part. */
  async #open(content: string | Blob, partLength: number): Promise<void> {
    const own = ++this.#opened;
    try {
      const parts = await TextParts.of(content, partLength);
      if (own !== this.#opened) return;
      batch(() => {
        this.part.value = 0;
        this.#parts.value = parts;
      });
    } catch (error) {
      this.#fail(error);
    }
  }

  async #readPart(): Promise<void> {
    const parts = this.#parts.value;
    const part = this.part.value;
    const own = ++this.#read;
    if (parts === null) return;
    try {
      const read = await parts.read(part);
      if (own === this.#read) batch(() => this.#show(read));
    } catch (error) {
      // For example, the file has changed.
      this.#fail(error);
    }
  }

  #show({ lead, characters }: TextPart): void {
    this.#version++;
    this.#text = lead.join("") + characters.join("");
    this.#lead = lead.length;
    this.#nats = new Float32Array(characters.length).fill(NaN);
    this.#lossLevels = new Uint8Array(characters.length).fill(NO_LEVEL);
    this.#values.value = new Float32Array(characters.length).fill(NaN);
    this.#found.value = null;
    this.#detail.value = null;
    this.selection.value = null;
    this.isPinned.value = false;
    this.position.value = characters.length > 1
      ? Math.min(FIRST_POSITION, characters.length - 1)
      : null;
    this.#displayed = null;
    this.#characters.value = characters;
  }

  /** A span of the part as one of the text that the model reads. */
  #inText({ from, to }: CharacterSpan): CharacterSpan {
    return { from: from + this.#lead, to: to + this.#lead };
  }

  /** Computes the losses again, whenever there is another text or model. */
  #runLosses(): void {
    const model = this.#model.value;
    const length = this.#characters.value.length;
    if (model === null || length === 0 || !this.isVisible.value) return;
    const [text, version, lead] = [this.#text, this.#version, this.#lead];
    const unknown = this.#unknown.value;
    const [nats, levels] = [this.#nats, this.#lossLevels];
    this.#lossRuns.run(`${version} ${model.id} ${unknown}`, async () => {
      this.#error.value = null;
      await query(model, "losses", { text, unknown }, {
        onItem: ({ from, nats: part }) => {
          if (version !== this.#version) return;
          const first = Math.max(0, from - lead);
          const inPart = part.subarray(Math.max(0, lead - from));
          nats.set(inPart, first);
          inPart.forEach((loss, i) => levels[first + i] = lossScale.levelOf(loss));
          this.#progress.value = (first + inPart.length) / length;
          if (this.mode.peek() === "loss") this.#color();
        },
      });
    }, (error) => this.#fail(error));
  }

  /** Computes the values of the unit in the part that is displayed. */
  #runValues(): void {
    const model = this.#model.value;
    const unit = this.unit.value;
    const length = this.#characters.value.length;
    const isNeeded = this.mode.value === "unit" && this.isVisible.value;
    const span = this.#displayed;
    if (model === null || length === 0 || !isNeeded || span === null) return;
    const [text, version] = [this.#text, this.#version];
    const unknown = this.#unknown.value;
    const key = [version, model.id, unknown, ...Object.values(unit), span.from, span.to].join(" ");
    this.#valueRuns.run(key, async () => {
      const inText = this.#inText(span);
      const part = await query(model, "activations", { text, unknown, unit, span: inText });
      if (version !== this.#version) return;
      const values = this.#values.peek().slice();
      values.set(part, span.from);
      this.#values.value = values;
    }, (error) => this.#fail(error));
  }

  /** Looks at the character whenever there is another one, or another model. */
  #runDetail(): void {
    const model = this.#model.value;
    const position = this.position.value;
    const length = this.#characters.value.length;
    if (model === null || position === null || position >= length || !this.isVisible.value) return;
    const [text, version, lead] = [this.#text, this.#version, this.#lead];
    const unknown = this.#unknown.value;
    const asked = { text, unknown, position: position + lead };
    this.#detailRuns.run(`${version} ${model.id} ${unknown} ${position}`, async () => {
      const detail = await query(model, "inspectCharacter", asked);
      if (version !== this.#version) return;
      const from = detail.from - lead;
      const connectivity = detail.connectivity.subarray(Math.max(0, -from));
      this.#detail.value = { ...detail, position, from: Math.max(0, from), connectivity };
    }, (error) => this.#fail(error));
  }

  /** Makes levels of what is known. */
  #color(): void {
    const mode = this.mode.value;
    const { length } = this.#characters.value;
    if (mode === "loss") {
      this.#levels.value = { scale: lossScale, levels: this.#lossLevels };
    } else if (mode === "unit") {
      const scale = kinds[this.unit.value.kind].isSigned ? signedScale : gateScale;
      const levels = Uint8Array.from(this.#values.value, scale.levelOf);
      this.#levels.value = { scale, levels };
    } else {
      const levels = new Uint8Array(length).fill(NO_LEVEL);
      const { connectivity = [], from = 0 } = this.#detail.value ?? {};
      let largest = 0;
      for (const norm of connectivity) largest = Math.max(largest, norm);
      for (let i = 0; i < connectivity.length && largest > 0; i++) {
        levels[from + i] = dependsScale.levelOf(connectivity[i]! / largest);
      }
      this.#levels.value = { scale: dependsScale, levels };
    }
  }

  #fail(error: unknown): void {
    this.#error.value = error instanceof Error ? error.message : String(error);
  }
}
