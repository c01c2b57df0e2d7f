/// <reference lib="dom" />
import { batch, computed, effect, type Signal, signal } from "@preact/signals";
import type { RefObject } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { NextCharacter, SamplingFilters } from "../../src/mod.ts";
import { changePassages, findChange, type Passage } from "../authorship.ts";
import { countOf, formatCount, formatPercent } from "../format.ts";
import { Latest } from "../inside/latest.ts";
import { nameOfCharacter } from "../inside/text_layout.ts";
import { model, prompt as samplePrompt, text as trainingText, unknownPolicy } from "../state.ts";
import type { WrittenPrompt } from "../worker/known_prompt.ts";
import { query } from "../worker/query.ts";
import { ModelNote } from "./model_note.tsx";
import { Panel } from "./panel.tsx";
import { UnknownCharacters } from "./unknown_characters.tsx";

/** How the model continues a text. */
type Method = "sample" | "greedy" | "beam";

/** Characters before the cursor that the model reads; those further back hardly matter. */
const MAX_PROMPT = 2000;
/** Of a longer text, the end is pasted: a text field would be slow with all of it. */
const MAX_PASTED = 20_000;
/** Candidates that are listed. */
const MAX_CANDIDATES = 8;
/** Characters of the training text that stand in the field at first. */
const MAX_START = 28;

const method: Signal<Method> = signal("sample");
const temperature = signal(0.8);
/** 0 for all characters. */
const topK = signal(0);
const topP = signal(1);
const length = signal(300);
const beam = signal(10);

/** The text before the cursor, the latest of it. */
const before = signal("");
const candidates: Signal<readonly NextCharacter[]> = signal([]);
/** Why there are no candidates. */
const predictionError: Signal<string | null> = signal(null);
/** Why the last text could not be written. */
const writingError: Signal<string | null> = signal(null);
/** The text of the field, for its marks: a field cannot mark a part of its text. */
const fieldText = signal("");
/** Who wrote which part of it. */
const passages: Signal<readonly Passage[]> = signal([]);
/** Ends the text that is being written; `null` if none is. */
const writing: Signal<AbortController | null> = signal(null);
let seed = 0;

/** What reshapes the distribution; nothing but in sampling. */
const filters = computed((): SamplingFilters =>
  method.value !== "sample" ? {} : {
    temperature: temperature.value,
    ...topK.value > 0 ? { topK: topK.value } : {},
    ...topP.value < 1 ? { topP: topP.value } : {},
  }
);

/** Whether each example of the model was a line, so that it reads and writes one at a time. */
const isOfLines = computed(() => model.value?.config.holdout === "lines");

/** What the model continues. */
const written = computed((): WrittenPrompt => {
  const { value: text } = before;
  const start = isOfLines.value ? text.lastIndexOf("\n") + 1 : 0;
  return { prompt: text.slice(start), unknown: unknownPolicy.value };
});

/** The characters in it that the model does not know. */
const unknownCharacters = computed(() => {
  const known = new Set(model.value?.vocabulary);
  const characters = new Set(written.value.prompt.toWellFormed());
  return [...characters].filter((character) => !known.has(character));
});

const predictions = new Latest();
effect(() => {
  const current = model.value;
  const argument = { ...written.value, ...filters.value };
  // While the model writes, characters come faster than anyone reads candidates.
  if (current === null || writing.value !== null) return;
  predictions.run(
    `${current.id} ${JSON.stringify(argument)}`,
    async () => {
      candidates.value = await query(current, "predictNext", argument);
      predictionError.value = null;
    },
    (reason) => predictionError.value = messageOf(reason),
  );
});

function messageOf(reason: unknown): string {
  return reason instanceof Error ? reason.message : String(reason);
}

/** Writes with the model: candidates at the cursor, and continuations. */
export function WritePanel() {
  return (
    <Panel
      id="write"
      title="Write"
      lead="Type, and see which character the model expects next, and how surely."
      computedBy={["src/generate/predict.ts"]}
    >
      {model.value === null
        ? <p class="placeholder">Writing begins with the first model.</p>
        : <Write />}
    </Panel>
  );
}

function Write() {
  const field = useRef<HTMLTextAreaElement>(null);
  /** Whether Tab accepts: after typing, so that the keyboard can leave the field. */
  const isTyping = useRef(false);

  const marks = useRef<HTMLDivElement>(null);
  const scrollMarks = () => marks.current!.scrollTop = field.current!.scrollTop;

  /** Notes who has changed the text. */
  const readText = (isGenerated: boolean) => {
    const { value, selectionEnd } = field.current!;
    const change = findChange({ before: fieldText.peek(), after: value }, selectionEnd);
    batch(() => {
      passages.value = changePassages(passages.peek(), change, isGenerated);
      fieldText.value = value;
    });
    readCursor();
  };
  const readCursor = () => {
    const { value, selectionStart } = field.current!;
    const latest = value.slice(Math.max(0, selectionStart - MAX_PROMPT), selectionStart);
    // Half of a character that was cut.
    before.value = latest.replace(/^[\udc00-\udfff]/, "");
  };
  const insert = (added: string, isGenerated: boolean) => {
    const { current } = field;
    if (current === null) return;
    const isAtEnd = current.scrollTop + current.clientHeight >= current.scrollHeight - 40;
    current.setRangeText(added, current.selectionStart, current.selectionEnd, "end");
    if (isAtEnd) current.scrollTop = current.scrollHeight;
    readText(isGenerated);
  };
  const accept = (character: string) => {
    stop();
    insert(character, true);
    isTyping.current = true;
    field.current!.focus();
  };

  useEffect(() => {
    startText().then((start) => {
      if (field.current?.value === "") insert(start, false);
    });
    return stop;
  }, []);

  return (
    <>
      <ModelNote />
      <div class="write-view">
        <label class="write-field">
          <span class="visually-hidden">Text to continue</span>
          <Marks box={marks} onDraw={scrollMarks} />
          <textarea
            ref={field}
            rows={4}
            dir="auto"
            placeholder="Type how a text may begin"
            spellcheck={false}
            autocapitalize="off"
            autocomplete="off"
            aria-describedby="write-help"
            onScroll={scrollMarks}
            onInput={() => {
              stop();
              isTyping.current = true;
              readText(false);
            }}
            onPaste={(event) => {
              const pasted = event.clipboardData?.getData("text/plain") ?? "";
              if (pasted.length <= MAX_PASTED) return;
              event.preventDefault();
              stop();
              insert(pasted.slice(-MAX_PASTED), false);
            }}
            onSelect={readCursor}
            onKeyUp={readCursor}
            onPointerUp={readCursor}
            onBlur={() => isTyping.current = false}
            onKeyDown={(event) => {
              const [first] = candidates.value;
              if (event.key === "Escape") {
                stop();
                isTyping.current = false;
              } else if (
                event.key === "Tab" && !event.shiftKey && isTyping.current && first !== undefined
              ) {
                event.preventDefault();
                accept(first.character);
              }
            }}
          />
        </label>
        <Candidates onAccept={accept} />
      </div>
      <p class="small soft" id="write-help">
        <kbd>Tab</kbd> accepts the first candidate once you type; after <kbd>Esc</kbd>{" "}
        it leaves the field. <Authors />
      </p>
      <Notes />
      <Controls
        onText={(added) => insert(added, true)}
        onClear={() => {
          stop();
          field.current!.value = "";
          readText(false);
          field.current!.focus();
        }}
      />
    </>
  );
}

/** Lines below what the model wrote: the same text again, unseen, behind that of the field. */
function Marks({ box, onDraw }: {
  readonly box: RefObject<HTMLDivElement | null>;
  readonly onDraw: () => void;
}) {
  useEffect(onDraw);
  const text = fieldText.value;
  let at = 0;
  return (
    <div ref={box} class="write-marks" dir="auto" aria-hidden="true">
      {passages.value.map(({ length, isGenerated }, i) => {
        const part = text.slice(at, at += length);
        return isGenerated ? <u key={i}>{part}</u> : <span key={i}>{part}</span>;
      })}
      {/* A line break at the end has a line, as in the field. */}
      {"\u200b"}
    </div>
  );
}

/** What the lines mean, in words. */
function Authors() {
  const generated = passages.value.reduce(
    (sum, { length, isGenerated }) => sum + (isGenerated ? length : 0),
    0,
  );
  if (generated === 0) return null;
  return (
    <span>
      <u>Underlined</u>: {formatCount(generated)} of{" "}
      {countOf(fieldText.value.length, "character")}, written by the model.
    </span>
  );
}

function Candidates({ onAccept }: { readonly onAccept: (character: string) => void }) {
  const all = candidates.value;
  const rest = all.slice(MAX_CANDIDATES).reduce((sum, { probability }) => sum + probability, 0);
  return (
    <div class="candidates">
      <h3>What may come next</h3>
      <ol>
        {all.slice(0, MAX_CANDIDATES).map(({ character, probability }) => (
          <li key={character}>
            <button
              type="button"
              // The field keeps the focus, and a phone its keyboard.
              onPointerDown={(event) => event.preventDefault()}
              onClick={() => onAccept(character)}
            >
              <span class="visually-hidden">Accept</span>
              <bdi class={character === nameOfCharacter(character) ? "mono" : "name"}>
                {nameOfCharacter(character)}
              </bdi>
              <span class="bar" style={`--part: ${100 * probability}%`} />
              <span class="number">{formatPercent(probability)}</span>
            </button>
          </li>
        ))}
      </ol>
      <p class="small soft">
        {all.length > MAX_CANDIDATES
          ? `${all.length - MAX_CANDIDATES} others: ${formatPercent(rest)} together`
          : " "}
      </p>
    </div>
  );
}

function Notes() {
  return (
    <>
      <UnknownCharacters characters={unknownCharacters.value} />
      {[writingError, predictionError].map((error, i) =>
        error.value !== null && <p key={i} class="error" role="alert">{error}</p>
      )}
    </>
  );
}

const methods: Readonly<Record<Method, string>> = {
  sample: "Sample",
  greedy: "Greedy",
  beam: "Beam search",
};

interface ControlsProps {
  readonly onText: (added: string) => void;
  readonly onClear: () => void;
}

function Controls({ onText, onClear }: ControlsProps) {
  const isWriting = writing.value !== null;
  return (
    <form
      class="write-controls"
      onSubmit={(event) => {
        event.preventDefault();
        // Not what the button said when it was drawn last: the text may have ended since.
        if (writing.peek() === null) write(onText);
        else stop();
      }}
    >
      <div class="row">
        <button
          type="submit"
          class={isWriting ? "" : "primary"}
          // The second click of a double click would stop what the first one started.
          onClick={(event) => event.detail > 1 && event.preventDefault()}
        >
          {isWriting ? "Stop" : "Continue"}
        </button>
        <button type="button" onClick={onClear}>Clear</button>
        <fieldset class="segments">
          <legend class="visually-hidden">How to continue</legend>
          {Object.entries(methods).map(([name, label]) => (
            <label key={name}>
              <input
                type="radio"
                name="write-method"
                checked={method.value === name}
                onChange={() => method.value = name as Method}
              />
              <span>{label}</span>
            </label>
          ))}
        </fieldset>
      </div>
      <div class="fields">
        {method.value === "sample" && (
          <>
            <Range
              label="Temperature"
              help="lower repeats what is likely, higher is bolder"
              value={temperature}
              {...{ min: 0.1, max: 2, step: 0.05 }}
            />
            <Range
              label="Top-k"
              help="only the k most probable characters"
              value={topK}
              text={(k) => k === 0 ? "all" : String(k)}
              {...{ min: 0, max: 40, step: 1 }}
            />
            <Range
              label="Top-p"
              help="only the most probable, up to this sum"
              value={topP}
              text={(p) => p === 1 ? "all" : p.toFixed(2)}
              {...{ min: 0.05, max: 1, step: 0.05 }}
            />
          </>
        )}
        {method.value === "greedy" && (
          <p class="small soft">Always the most probable character; it soon repeats itself.</p>
        )}
        {method.value === "beam" && (
          <Range
            label="Beam width"
            help="texts that are kept while the most probable one is searched"
            value={beam}
            {...{ min: 1, max: 50, step: 1 }}
          />
        )}
        <Range
          label="Length"
          help="characters to write"
          value={length}
          {...{ min: 20, max: 1000, step: 20 }}
        />
      </div>
    </form>
  );
}

interface RangeProps {
  readonly label: string;
  readonly help: string;
  readonly value: Signal<number>;
  readonly min: number;
  readonly max: number;
  readonly step: number;
  readonly text?: (value: number) => string;
}

function Range({ label, help, value, text = String, ...range }: RangeProps) {
  return (
    <label class="range">
      <span>
        {label} <output class="number">{text(value.value)}</output>
      </span>
      <input
        type="range"
        {...range}
        value={value.value}
        aria-valuetext={text(value.value)}
        onInput={(event) => value.value = event.currentTarget.valueAsNumber}
      />
      <small class="soft">{help}</small>
    </label>
  );
}

/** Ends the text that is being written. */
function stop(): void {
  writing.peek()?.abort();
  writing.value = null;
}

/** Lets the model write from the cursor on. */
async function write(onText: (added: string) => void): Promise<void> {
  const current = model.value;
  if (current === null) return;
  const controller = new AbortController();
  const { signal } = controller;
  batch(() => {
    writing.value = controller;
    writingError.value = null;
  });
  const options = { ...written.value, length: length.value };
  // Characters come faster than frames.
  let waiting = "";
  let frame = 0;
  const flush = () => {
    frame = 0;
    if (waiting !== "" && !signal.aborted) onText(waiting);
    waiting = "";
  };
  try {
    if (method.value === "beam") {
      const argument = { ...options, beam: beam.value };
      waiting = (await query(current, "beamSearch", argument, { signal })).text;
    } else {
      const how = method.value === "greedy" ? { greedy: true } : { ...filters.value, seed: ++seed };
      await query(current, "sample", { ...options, ...how }, {
        signal,
        onItem: (character) => {
          waiting += character;
          frame ||= requestAnimationFrame(flush);
        },
      });
    }
    cancelAnimationFrame(frame);
    flush();
  } catch (reason) {
    if (!signal.aborted) writingError.value = messageOf(reason);
  } finally {
    if (writing.peek() === controller) writing.value = null;
  }
}

/**
 * What samples begin with or, without it, the first words of the training text. A line begins with
 * nothing, so that the candidates are what lines begin with.
 */
async function startText(): Promise<string> {
  if (samplePrompt.value !== "" || isOfLines.value) return samplePrompt.value;
  const { content = "" } = trainingText.value ?? {};
  const part = typeof content === "string"
    ? content.slice(0, 400)
    : await content.slice(0, 400).text();
  const characters = [...part.replaceAll("\ufffd", "").trimStart()].slice(0, MAX_START + 1);
  const space = characters.lastIndexOf(" ");
  const isCut = characters.length > MAX_START;
  return characters.slice(0, isCut && space > 0 ? space : MAX_START).join("");
}
