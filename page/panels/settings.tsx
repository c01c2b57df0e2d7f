/// <reference lib="dom" />
import { batch, useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useMemo } from "preact/hooks";
import type { Config } from "../../src/mod.ts";
import { countOf, formatCount } from "../format.ts";
import { limitDefaults } from "../../src/train/limits.ts";
import { client, givenConfig, givenLimits, isEditable } from "../state.ts";
import { mainKeys, settings } from "../settings.ts";

/** Shows the configuration that was picked for the text, with reasons, and lets it be changed. */
export function SettingsPanel() {
  const isChanged = [givenConfig, givenLimits].some(({ value }) => Object.keys(value).length > 0);
  const undo = () =>
    batch(() => {
      givenConfig.value = {};
      givenLimits.value = {};
    });
  const isOpen = useSignal(false);
  // On a phone they would stand between the text and what is learned from it.
  const isNarrow = useMedia("(max-width: 60rem)");
  const isSummary = isNarrow && !isOpen.value && !isChanged && client.error.value?.option == null;
  return (
    <section aria-labelledby="settings-title">
      <header>
        <h2 id="settings-title">A model for it</h2>
        <p>
          Picked for this text, as the command line picks. Change what you like.{" "}
          {isChanged && (
            <button type="button" class="link" disabled={!isEditable.value} onClick={undo}>
              Undo my changes
            </button>
          )}
        </p>
      </header>
      {isSummary && (
        <p class="settings-summary">
          {summary()}{" "}
          <button
            type="button"
            class="link"
            aria-expanded={false}
            onClick={() => isOpen.value = true}
          >
            All settings and reasons
          </button>
        </p>
      )}
      <fieldset
        hidden={isSummary}
        disabled={!isEditable.value || client.configured.value === null}
      >
        <legend class="visually-hidden">Settings</legend>
        <dl class="settings">
          <Sentence name="Model" keys={["cell", "layers", "hidden"]}>
            <Field name="cell" /> <Field name="layers" after="layers" narrow />{" "}
            <Field name="hidden" before="of" after="hidden units" />
          </Sentence>
          <Sentence name="Dropout" keys={["dropout"]}>
            <Field name="dropout" after="of what the layers pass on" narrow />
          </Sentence>
          <TextKind />
          <Sentence name="Batches" keys={["batchSize", "seqLength"]}>
            <Field name="batchSize" after="streams" narrow />{" "}
            <Field name="seqLength" before="of" after="characters" />
          </Sentence>
          <Sentence name="Updates" keys={["optimizer", "lr", "weightDecay"]}>
            <Field name="optimizer" /> <Field name="lr" before="rate" />{" "}
            <Field name="weightDecay" before="weight decay" narrow />
          </Sentence>
          <Sentence name="Schedule" keys={["lrSchedule", "warmup", "weightAverage"]}>
            <Field name="lrSchedule" /> <Field name="warmup" before="warm-up" after="steps" />{" "}
            <Field name="weightAverage" before="weight average" narrow />
          </Sentence>
          <Limits />
        </dl>
        <details class="all-settings">
          <summary>All other settings</summary>
          <div class="grid">
            {Object.values(settings).filter(({ key }) => !mainKeys.includes(key)).map(({ key }) => (
              <label key={key}>
                {settings[key].label}
                <Control name={key} />
              </label>
            ))}
          </div>
        </details>
      </fieldset>
    </section>
  );
}

/** The most important settings in a sentence. */
function summary(): string {
  const { config } = client;
  if (config === null) return "";
  const { cell, layers, hidden } = config;
  return `${countOf(layers, `${cell} layer`)} of ${formatCount(hidden)} hidden units.`;
}

/** Whether a media query matches. */
function useMedia(query: string): boolean {
  const list = useMemo(() => matchMedia(query), [query]);
  const matches = useSignal(list.matches);
  useEffect(() => {
    const update = () => matches.value = list.matches;
    list.addEventListener("change", update);
    return () => list.removeEventListener("change", update);
  }, [list]);
  return matches.value;
}

/** A line of settings, with the reason for what was picked. */
function Sentence({ name, keys, children }: {
  readonly name: string;
  readonly keys: readonly (keyof Config)[];
  readonly children: ComponentChildren;
}) {
  const reasons = client.reasons.filter((reason) => reason.keys.some((key) => keys.includes(key)));
  const isGiven = keys.every((key) => givenConfig.value[key] !== undefined);
  const reason = reasons.map(({ reason }) => reason).join("; ");
  return (
    <div class="setting">
      <dt>{name}</dt>
      <dd>
        <div class="sentence">{children}</div>
        <p class="reason">{reason === "" ? isGiven ? "your choice" : "" : `${reason}.`}</p>
      </dd>
    </div>
  );
}

/** Whether the text is one of lines, each an example. */
function TextKind() {
  const isGiven = givenConfig.value.holdout === "lines";
  const set = (isLines: boolean) => {
    const { holdout: _, ...others } = givenConfig.value;
    givenConfig.value = isLines ? { ...others, holdout: "lines" } : others;
  };
  return (
    <div class="setting">
      <dt>Text</dt>
      <dd>
        <div class="sentence">
          <select
            aria-label="kind of text"
            class={isGiven ? "is-given" : undefined}
            value={isGiven ? "lines" : "running"}
            onChange={(event) => set(event.currentTarget.value === "lines")}
          >
            <option value="running">running text</option>
            <option value="lines">lines, each an example</option>
          </select>
        </div>
        <p class="reason">
          {isGiven
            ? "Lines, such as names, are shuffled, and each is read from a zero hidden state."
            : ""}
        </p>
      </dd>
    </div>
  );
}

function Field({ name, before, after, narrow = false }: {
  readonly name: keyof Config;
  readonly before?: string;
  readonly after?: string;
  readonly narrow?: boolean;
}) {
  const isOne = client.config?.[name] === 1;
  return (
    <span>
      {before}
      <Control name={name} narrow={narrow} />
      {isOne ? after?.replace(/s$/, "") : after}
    </span>
  );
}

/** The control of a setting. An empty field leaves the choice to the page. */
function Control(
  { name, narrow = false }: { readonly name: keyof Config; readonly narrow?: boolean },
) {
  const { label, options, step, min, isText = false } = settings[name];
  const given = givenConfig.value[name];
  const picked = client.config?.[name];
  const error = client.error.value;
  const set = (value: string) => {
    const { [name]: _, ...others } = givenConfig.value;
    givenConfig.value = value === ""
      ? others
      : { ...others, [name]: options || isText ? value : Number(value) };
  };
  const common = {
    id: `setting-${name}`,
    "aria-label": label,
    class: given === undefined ? undefined : "is-given",
    "aria-invalid": error?.option === name,
    "aria-describedby": error?.option === name ? "error" : undefined,
  };
  if (options !== undefined) {
    return (
      <select
        {...common}
        value={String(given ?? picked ?? "")}
        onChange={(event) => set(event.currentTarget.value)}
      >
        {options.map((option) => <option key={option}>{option}</option>)}
      </select>
    );
  }
  const value = {
    value: String(given ?? picked ?? ""),
    onChange: (event: { readonly currentTarget: HTMLInputElement }) =>
      set(event.currentTarget.value),
  };
  if (isText) return <input {...common} {...value} type="text" autocomplete="off" />;
  return (
    <input
      {...common}
      {...value}
      type="number"
      inputMode={step === "1" ? "numeric" : "decimal"}
      step={step}
      min={min}
      style={narrow ? { width: "4rem" } : undefined}
    />
  );
}

const limitNames = { minutes: "minutes", epochs: "epochs", steps: "steps" } as const;
type LimitName = keyof typeof limitNames;

/** What ends the run. */
function Limits() {
  const [name] = Object.keys(givenLimits.value) as LimitName[];
  const choose = (chosen: string) => {
    const values = { minutes: 2, epochs: 10, steps: 2000 };
    givenLimits.value = chosen === "" ? {} : { [chosen]: values[chosen as LimitName] };
  };
  const isInvalid = client.error.value?.option === name && name !== undefined;
  return (
    <div class="setting">
      <dt>Until</dt>
      <dd>
        <div class="sentence">
          {name !== undefined && (
            <input
              type="number"
              aria-label="limit"
              class="is-given"
              min={0}
              step={name === "steps" ? "1" : "any"}
              aria-invalid={isInvalid}
              value={String(givenLimits.value[name])}
              onChange={({ currentTarget: { value } }) =>
                givenLimits.value = value === "" ? {} : { [name]: Number(value) }}
            />
          )}
          <select
            aria-label="end of the training"
            value={name ?? ""}
            onChange={(event) => choose(event.currentTarget.value)}
          >
            <option value="">the automatic end</option>
            {Object.entries(limitNames).map(([value, label]) => (
              <option key={value} value={value}>{label}</option>
            ))}
          </select>
        </div>
        <p class="reason">
          {name === undefined
            ? `${limitDefaults.epochs} epochs, at least ${formatCount(limitDefaults.minChars)} ` +
              "characters; earlier if the model clearly overfits."
            : ""}
        </p>
      </dd>
    </div>
  );
}
