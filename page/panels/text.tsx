/// <reference lib="dom" />
import { useComputed, useSignal, useSignalEffect } from "@preact/signals";
import { countOf, formatBytes } from "../format.ts";
import { client, isEditable, prompt, remark, restoredText, text } from "../state.ts";
import { type BundledText, bundledTexts } from "../texts.ts";
import type { TextSource } from "../worker/protocol.ts";

/** Characters that the preview shows. */
const PREVIEW_LENGTH = 1200;
/** Longer texts are not kept in the text field, which would be slow. */
const MAX_EDITABLE = 20_000;

/** The id of the choice of a text of one's own. */
const OWN = "own";

/** Takes a text: one of the bundled ones, or one that is pasted, dropped or opened. */
export function TextPanel() {
  const choice = useSignal(bundledTexts[0]!.file);
  const own = useSignal<TextSource | null>(null);
  const preview = useSignal("");
  const failure = useSignal<string | null>(null);
  const isDropping = useSignal(false);

  const choose = async (id: string) => {
    choice.value = id;
    failure.value = null;
    if (id === OWN) return take(own.value, "");
    const bundled = bundledTexts.find(({ file }) => file === id)!;
    const content = await fetchText(bundled);
    if (choice.value !== id || !isEditable.peek()) return;
    if (content === null) failure.value = `Cannot load ${id}: the page's files are missing.`;
    else take({ name: id, content }, bundled.prompt);
  };
  const take = (source: TextSource | null, start: string) => {
    text.value = source;
    prompt.value = start;
  };
  const takeOwn = (source: TextSource | null) => {
    choice.value = OWN;
    own.value = source;
    take(source, "");
  };
  const takeFile = (file: File | undefined) => {
    if (file === undefined) return;
    if (isEditable.value) takeOwn({ name: file.name, content: file });
    else remark.value = `To train on ${JSON.stringify(file.name)}, reset this training first.`;
  };

  useSignalEffect(() => {
    choose(choice.peek());
  });
  useSignalEffect(() => {
    const restored = restoredText.value;
    if (restored === null) return;
    const bundled = bundledTexts.find(({ file }) => file === restored.name);
    choice.value = bundled?.file ?? OWN;
    if (bundled === undefined) own.value = restored;
  });
  useSignalEffect(() => {
    const source = text.value;
    if (source === null) preview.value = "";
    else startOf(source).then((start) => text.value === source && (preview.value = start));
  });
  useSignalEffect(() => listenForDrops(takeFile, (is) => isDropping.value = is));

  const bundled = bundledTexts.find(({ file }) => file === choice.value);
  return (
    <section aria-labelledby="text-title" class={isDropping.value ? "is-dropping" : undefined}>
      <header>
        <h2 id="text-title">A text</h2>
        <p>A few pages of anything: the model learns its letters, words and habits.</p>
      </header>
      <fieldset class="choices" disabled={!isEditable.value}>
        <legend class="visually-hidden">Text to train on</legend>
        {bundledTexts.map(({ file, kind, title }) => (
          <Choice
            key={file}
            {...{ id: file, title: kind, note: title, choice: choice.value, choose }}
          />
        ))}
        <Choice
          {...{
            id: OWN,
            title: "Your own",
            note: "paste, drop, open",
            choice: choice.value,
            choose,
          }}
        />
      </fieldset>
      {bundled !== undefined
        ? (
          <pre
            class="preview"
            role="group"
            dir="auto"
            tabIndex={0}
            aria-label={`Beginning of ${bundled.title}`}
          >
            {preview}
          </pre>
        )
        : (
          <OwnText
            {...{ own: own.value, preview: preview.value, takeOwn, takeFile }}
          />
        )}
      <TextFacts source={bundled?.source} />
      {failure.value && <p class="error" role="alert">{failure}</p>}
    </section>
  );
}

function Choice({ id, title, note, choice, choose }: {
  readonly id: string;
  readonly title: string;
  readonly note: string;
  readonly choice: string;
  readonly choose: (id: string) => void;
}) {
  return (
    <label>
      <input
        type="radio"
        name="text"
        value={id}
        checked={choice === id}
        onChange={() => choose(id)}
      />
      <strong>{title}</strong>
      <span>{note}</span>
    </label>
  );
}

function OwnText({ own, preview, takeOwn, takeFile }: {
  readonly own: TextSource | null;
  readonly preview: string;
  readonly takeOwn: (source: TextSource | null) => void;
  readonly takeFile: (file: File | undefined) => void;
}) {
  const isEditableText = own === null ||
    typeof own.content === "string" && own.content.length <= MAX_EDITABLE;
  const takeText = (content: string) => takeOwn(content === "" ? null : toSource(content));
  const paste = (event: ClipboardEvent) => {
    const pasted = event.clipboardData?.getData("text/plain") ?? "";
    const file = event.clipboardData?.files[0];
    // Browsers insert some pages line by line, which takes seconds on a phone.
    const isSlow = pasted.length > MAX_EDITABLE || own === null && pasted !== "";
    if (!isSlow && file === undefined) return;
    event.preventDefault();
    if (file !== undefined) takeFile(file);
    else takeText(pasted);
  };
  return (
    <div class="own">
      {isEditableText
        ? (
          <textarea
            aria-label="Your text"
            placeholder="Paste a text here, or drop a file anywhere on the page."
            dir="auto"
            spellcheck={false}
            disabled={!isEditable.value}
            value={own === null ? "" : own.content as string}
            onInput={(event) => takeText(event.currentTarget.value)}
            onPaste={paste}
          />
        )
        : (
          <pre
            class="preview"
            role="group"
            dir="auto"
            tabIndex={0}
            aria-label="Beginning of your text"
          >{preview}</pre>
        )}
      <p class="field" style={{ marginTop: "var(--space-2)" }}>
        <label class="button file">
          Open a file
          <input
            type="file"
            class="visually-hidden"
            accept="text/*,.txt,.md,.abc,.pgn"
            disabled={!isEditable.value}
            onChange={(event) => {
              takeFile(event.currentTarget.files?.[0]);
              event.currentTarget.value = "";
            }}
          />
        </label>
        {!isEditableText && (
          <button
            type="button"
            disabled={!isEditable.value}
            onClick={() => takeOwn(null)}
          >
            Clear
          </button>
        )}
      </p>
    </div>
  );
}

/** How long the text is, and where a bundled one is from. */
function TextFacts({ source }: { readonly source: string | undefined }) {
  const facts = useComputed(() => {
    const configured = client.configured.value;
    if (text.value === null || configured === null) return "";
    if (configured.name !== text.value.name || client.error.value !== null) return "";
    const { chars, bytes, vocabulary } = configured;
    const name = text.value.content instanceof File ? `${text.value.name}: ` : "";
    return `${name}${countOf(chars, "character")}, ${[...vocabulary].length} distinct, ${
      formatBytes(bytes)
    } of UTF-8.`;
  });
  return <p class="text-facts">{source} {facts}</p>;
}

/** A long text becomes a file, which is cheap to pass on. */
function toSource(content: string): TextSource {
  const name = "pasted text";
  return { name, content: content.length > MAX_EDITABLE ? new Blob([content]) : content };
}

async function fetchText({ file }: BundledText): Promise<string | null> {
  try {
    const response = await fetch(file);
    return response.ok ? await response.text() : null;
  } catch {
    return null;
  }
}

async function startOf({ content }: TextSource): Promise<string> {
  if (typeof content === "string") return content.slice(0, PREVIEW_LENGTH);
  const bytes = await content.slice(0, 4 * PREVIEW_LENGTH).arrayBuffer();
  try {
    // As a part of a stream, since the last character may be cut.
    const decoded = new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true });
    return decoded.slice(0, PREVIEW_LENGTH);
  } catch {
    // Refused when it is read as a whole.
    return "";
  }
}

/** Takes files that are dropped anywhere on the page; checkpoints are for another listener. */
function listenForDrops(
  takeFile: (file: File | undefined) => void,
  setIsDropping: (isDropping: boolean) => void,
): () => void {
  const controller = new AbortController();
  const { signal } = controller;
  addEventListener("dragover", (event) => {
    event.preventDefault();
    setIsDropping(true);
  }, { signal });
  addEventListener("dragleave", (event) => {
    if (event.relatedTarget === null) setIsDropping(false);
  }, { signal });
  addEventListener("drop", (event) => {
    setIsDropping(false);
    const file = event.dataTransfer?.files[0];
    if (event.defaultPrevented) return;
    event.preventDefault();
    takeFile(file);
  }, { signal });
  return () => controller.abort();
}
