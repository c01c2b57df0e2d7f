/** Tunes in ABC notation (the abc music standard 2.1): headers, bars that add up, repeats. */
import { Choices } from "./random.ts";
import type { Structure, Verdict } from "./structure.ts";

const TUNES = 400;

/** A meter, the eighths of a bar, and how they are grouped into beats. */
interface Meter {
  readonly name: string;
  readonly beats: readonly number[];
}

const meters: readonly Meter[] = [
  { name: "6/8", beats: [3, 3] },
  { name: "4/4", beats: [2, 2, 2, 2] },
  { name: "3/4", beats: [2, 2, 2] },
  { name: "2/4", beats: [2, 2] },
];
/** How the eighths of a beat may be divided into notes. */
const rhythms: Readonly<Record<number, readonly (readonly number[])[]>> = {
  2: [[1, 1], [1, 1], [2], [1.5, 0.5]],
  3: [[1, 1, 1], [1, 1, 1], [2, 1], [3], [1, 2]],
};
/** Lengths as ABC writes them, in eighths. */
const lengths = new Map([[0.5, "/2"], [1, ""], [1.5, "3/2"], [2, "2"], [3, "3"]]);
const keys = ["A", "Am", "Bm", "C", "D", "Dm", "Em", "F", "G"];
const scale = [..."CDEFGABcdefgab"];
const adjectives = ["Bonny", "Foggy", "Golden", "Humble", "Jolly", "Merry", "Old", "Windy"];
const nouns = ["Blacksmith", "Ferry", "Harvest", "Miller", "Morning", "Piper", "River", "Sailor"];

const headers = [
  /^X:[1-9]\d*$/,
  /^T:[A-Z][A-Za-z ]*$/,
  new RegExp(`^M:(${meters.map(({ name }) => name).join("|")})$`),
  /^L:1\/8$/,
  new RegExp(`^K:(${keys.join("|")})$`),
];

/** Tunes of five headers and two parts of eight bars, each of which is repeated. */
export const abc: Structure = {
  name: "abc",
  description: `${TUNES.toLocaleString("en")} generated tunes in ABC notation`,
  criteria: ["headers", "bars", "repeats", "ends"],
  separator: "\n\n",
  makeText(seed) {
    const choices = new Choices(seed);
    return Array.from({ length: TUNES }, (_, tune) => `${makeTune(tune + 1, choices)}\n\n`)
      .join("");
  },
  check(record): Verdict {
    const lines = record.split("\n");
    const hasHeaders = headers.every((form, i) => form.test(lines[i] ?? ""));
    const music = lines.filter((line) => !/^[A-Za-z]:/.test(line)).join("");
    const meter = meters.find(({ name }) => lines.includes(`M:${name}`));
    return {
      holds: [
        hasHeaders && lines.length > headers.length,
        meter !== undefined && barsAddUp(music, sum(meter.beats)),
        areRepeatsMatched(music),
        music.endsWith(":|"),
      ],
    };
  },
};

function makeTune(number: number, choices: Choices): string {
  const meter = choices.one(meters);
  const title = `The ${choices.one(adjectives)} ${choices.one(nouns)}`;
  return [
    ...[`X:${number}`, `T:${title}`, `M:${meter.name}`, "L:1/8", `K:${choices.one(keys)}`],
    ...makePart(meter, choices),
    ...makePart(meter, choices),
  ].join("\n");
}

/** Two lines of four bars; the second begins like the first. */
function makePart(meter: Meter, choices: Choices): string[] {
  let place = choices.integer(3, 9);
  const bar = () =>
    meter.beats.map((beat) =>
      choices.one(rhythms[beat]!).map((length) => {
        place = Math.min(scale.length - 1, Math.max(0, place + choices.integer(-2, 2)));
        return scale[place]! + lengths.get(length)!;
      }).join("")
    ).join(" ");
  const [one, two, three, four, five, six] = Array.from({ length: 6 }, bar);
  return [`|:${[one, two, three, four].join("|")}|`, `${[one, two, five, six].join("|")}:|`];
}

/** Whether each bar has the meter's length and nothing but notes. */
function barsAddUp(music: string, eighths: number): boolean {
  const bars = music.split(/[|:]+/).filter((bar) => bar.trim() !== "");
  return bars.length > 0 && bars.every((bar) => lengthOf(bar) === eighths);
}

/** The length of a bar in eighths; NaN if it has anything but notes and rests. */
function lengthOf(bar: string): number {
  const note = /[_^=]?[A-Ga-gz][,']*(\d+)?(\/\d*)?|\s+/y;
  let length = 0;
  while (note.lastIndex < bar.length) {
    const match = note.exec(bar);
    if (match === null) return NaN;
    const [text, numerator = "1", denominator] = match;
    if (text.trim() === "") continue;
    length += Number(numerator) /
      (denominator === undefined ? 1 : Number(denominator.slice(1)) || 2);
  }
  return length;
}

/** Whether each `|:` has its `:|` before the next. */
function areRepeatsMatched(music: string): boolean {
  const marks = music.match(/\|:|:\|/g) ?? [];
  return marks.length > 0 && marks.length % 2 === 0 &&
    marks.every((mark, i) => mark === (i % 2 === 0 ? "|:" : ":|"));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((sum, x) => sum + x, 0);
}
