/** Rows of columns: measurements with a key that grows and a date that does not fall. */
import { Choices } from "./random.ts";
import type { Structure, Verdict } from "./structure.ts";

const ROWS = 2500;
const FIRST_KEY = 10_000;
const FIRST_DAY = Date.UTC(2021, 0, 1);
const DAY_MS = 86_400_000;
/** A new day begins with this probability. */
const NEW_DAY = 0.3;

const cities = ["Bergen", "Lisbon", "Nairobi", "Osaka", "Quito", "Sydney", "Tromso", "Zagreb"];
const skies = ["clear", "cloudy", "fog", "rain", "snow", "storm"];

/** The form of each column. */
const columns = [
  /^[1-9]\d{4}$/,
  /^\d{4}-\d\d-\d\d$/,
  new RegExp(`^(${cities.join("|")})$`),
  /^-?(0|[1-9]\d?)\.\d$/,
  /^([1-9]\d?|100)$/,
  new RegExp(`^(${skies.join("|")})$`),
];

/** `key,date,city,temperature,humidity,sky`, without a header. */
export const csv: Structure = {
  name: "csv",
  description: `${ROWS.toLocaleString("en")} generated rows of six columns`,
  criteria: ["columns", "types", "key grows"],
  separator: "\n",
  makeText(seed) {
    const choices = new Choices(seed);
    let day = FIRST_DAY;
    return Array.from({ length: ROWS }, (_, row) => {
      if (choices.happens(NEW_DAY)) day += DAY_MS;
      const fields = [
        FIRST_KEY + row,
        new Date(day).toISOString().slice(0, 10),
        choices.one(cities),
        (choices.integer(-150, 350) / 10).toFixed(1).replace("-0.0", "0.0"),
        choices.integer(20, 100),
        choices.one(skies),
      ];
      return `${fields.join(",")}\n`;
    }).join("");
  },
  check(record, previous): Verdict {
    const fields = record.split(",");
    const hasTypes = fields.length === columns.length &&
      columns.every((form, i) => form.test(fields[i]!)) && isDate(fields[1]!);
    // The first row of a text, and one after a row without a key, follow nothing.
    const before = Number(previous?.split(",")[0] ?? NaN);
    const grows = Number.isNaN(before) || Number(fields[0]) > before;
    return { holds: [fields.length === columns.length, hasTypes, grows] };
  },
};

function isDate(text: string): boolean {
  const date = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
}
