/** Numbers as the page shows them, with units, and samples. */
import type { TrainingSample } from "./worker/protocol.ts";

/** A number with thousands separators, rounded to an integer. */
export function formatCount(n: number): string {
  return Math.round(n).toLocaleString("en");
}

/** A number of at most three significant digits, for example `84.9k`. */
export function formatShort(n: number): string {
  return compact(n, 1);
}

/** A number that changes, of three significant digits, so that its width does not: `80.0k`. */
export function formatRate(n: number): string {
  return compact(n, 3);
}

function compact(n: number, minimumSignificantDigits: number): string {
  return n.toLocaleString("en", {
    notation: "compact",
    ...{ minimumSignificantDigits, maximumSignificantDigits: 3 },
  }).replace("K", "k");
}

/** A loss in nats per character. */
export function formatLoss(nats: number): string {
  return nats.toFixed(3);
}

/** A duration in words, for example `1 min 20 s`. */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds)) return "–";
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3570) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  const minutes = Math.round(whole / 60);
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** A time on an axis, for example `2 min`. */
export function formatTime(seconds: number): string {
  if (seconds < 60) return `${Number(seconds.toFixed(1))} s`;
  const [whole, rest] = [Math.floor(seconds / 60), Math.round(seconds % 60)];
  if (seconds < 3600) return rest === 0 ? `${whole} min` : formatDuration(seconds);
  return formatDuration(seconds).replace(" 0 min", "");
}

/** A number of bytes, for example `85 kB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return countOf(bytes, "byte");
  const [amount, unit] = bytes < 1e6 ? [bytes / 1000, "kB"] : [bytes / 1e6, "MB"];
  return `${amount.toLocaleString("en", { maximumSignificantDigits: 3 })} ${unit}`;
}

/** A number and its noun, in the plural where it is not 1. */
export function countOf(n: number, noun: string): string {
  return `${formatCount(n)} ${noun}${n === 1 ? "" : "s"}`;
}

/** A probability in percent with one decimal, for example `12.3 %`; never rounded to 0 or 100 %. */
export function formatPercent(probability: number): string {
  const percents = 100 * probability;
  if (percents > 0 && percents < 0.05) return "< 0.1 %";
  if (percents >= 99.95 && percents < 100) return "> 99.9 %";
  return `${percents.toFixed(1)} %`;
}

/** The text of a sample, its prompts included. */
export function textOf({ prompt, continuations }: TrainingSample): string {
  return continuations.map((continuation) => prompt + continuation).join("");
}
