/// <reference lib="dom" />
import { batch, effect, signal } from "@preact/signals";
import type { Config } from "../../src/mod.ts";
import { settings, withLabels } from "../settings.ts";
import { givenConfig, givenLimits, prompt, text } from "../state.ts";

/** What the link of the page has set, or why it cannot. */
const notice = signal<{ readonly text: string; readonly isError: boolean } | null>(null);

/** Takes the settings of the page's address, which is untrusted. It starts nothing. */
export async function takeSettings(): Promise<void> {
  const fragment = location.hash.slice(1);
  // The name of a part of the page.
  if (!fragment.includes("=")) return;
  try {
    const { parseSettings } = await import("../files/settings_link.ts");
    const { config, limits, prompt: begin } = parseSettings(fragment);
    const pairs = [
      ...Object.entries(config).map(([key, value]) =>
        `${settings[key as keyof Config].label} ${value}`
      ),
      ...Object.entries(limits).map(([key, value]) => `${key} ${value}`),
    ];
    batch(() => {
      givenConfig.value = config;
      givenLimits.value = limits;
      const all = [...pairs, ...begin === "" ? [] : [`prompt “${begin}”`]];
      notice.value = { text: `Set by the link: ${all.join(", ")}.`, isError: false };
    });
    if (begin !== "") setPromptAfterText(begin);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    notice.value = { text: `${withLabels(message)}.`, isError: true };
  }
}

/** The first text of the page comes with a prompt of its own, which the one of the link replaces. */
function setPromptAfterText(begin: string): void {
  const stop = effect(() => {
    if (text.value === null) return;
    queueMicrotask(() => {
      prompt.value = begin;
      stop();
    });
  });
}

/** Says what the link of the page has set. */
export function LinkNotice() {
  if (notice.value === null) return null;
  const { text, isError } = notice.value;
  return (
    <p class={`notice ${isError ? "error" : ""}`} role={isError ? "alert" : "status"}>{text}</p>
  );
}
