/** Numbers as the page shows them, with units. */

/** A number with thousands separators, rounded to an integer. */
export function formatCount(n: number): string {
  return Math.round(n).toLocaleString("en");
}

/** A number of at most three significant digits, for example `84.9k`. */
export function formatShort(n: number): string {
  return n.toLocaleString("en", { notation: "compact", maximumSignificantDigits: 3 });
}

/** A loss in nats per character. */
export function formatLoss(nats: number): string {
  return nats.toFixed(3);
}

/** A duration in words, for example `1 min 20 s`. */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds)) return "–";
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.round(whole % 3600 / 60)} min`;
}

/** A number of bytes, for example `85 kB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} bytes`;
  const [amount, unit] = bytes < 1e6 ? [bytes / 1000, "kB"] : [bytes / 1e6, "MB"];
  return `${amount.toLocaleString("en", { maximumSignificantDigits: 3 })} ${unit}`;
}

/** A number and its noun, in the plural where it is not 1. */
export function countOf(n: number, noun: string): string {
  return `${formatCount(n)} ${noun}${n === 1 ? "" : "s"}`;
}

/** A probability, for example `12.3 %`; it is never rounded to 0 or 100 %. */
export function formatPercent(probability: number): string {
  const percents = 100 * probability;
  if (percents > 0 && percents < 0.01) return "< 0.01 %";
  if (percents > 99.9 && percents < 100) return "> 99.9 %";
  return `${Number(percents.toPrecision(3))} %`;
}
