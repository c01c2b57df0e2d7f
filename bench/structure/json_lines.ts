/** JSON lines: nested objects with the same keys in each line. */
import { Choices } from "./random.ts";
import * as v from "valibot";
import type { Structure, Verdict } from "./structure.ts";

const LINES = 1000;
const FIRST_ID = 2000;

const names = ["Ada", "Bruno", "Chen", "Dalia", "Emeka", "Freya", "Goran", "Hana", "Ines", "Jonas"];
const surnames = ["Abel", "Berg", "Costa", "Diaz", "Eide", "Fuchs", "Grant", "Holm", "Ito"];
const cities = ["Bergen", "Lisbon", "Nairobi", "Osaka", "Quito", "Sydney", "Tromso", "Zagreb"];
const roles = ["admin", "author", "editor", "guest", "reader"];

const schema = v.strictObject({
  id: v.pipe(v.number(), v.integer()),
  name: v.pipe(v.string(), v.regex(/^[A-Z][a-z]+ [A-Z][a-z]+$/)),
  roles: v.pipe(v.array(v.picklist(roles)), v.maxLength(3)),
  address: v.strictObject({
    city: v.picklist(cities),
    zip: v.pipe(v.string(), v.regex(/^\d{5}$/)),
  }),
  score: v.nullable(v.number()),
  active: v.boolean(),
});

const keys = Object.keys(schema.entries).join();
const addressKeys = Object.keys(schema.entries.address.entries).join();

/** `{"id":…,"name":…,"roles":[…],"address":{"city":…,"zip":…},"score":…,"active":…}`. */
export const jsonLines: Structure = {
  name: "json",
  description: `${LINES.toLocaleString("en")} generated lines of JSON, nested two levels`,
  criteria: ["parses", "keys", "types"],
  separator: "\n",
  makeText(seed) {
    const choices = new Choices(seed);
    return Array.from({ length: LINES }, (_, line) => {
      const value: v.InferInput<typeof schema> = {
        id: FIRST_ID + line,
        name: `${choices.one(names)} ${choices.one(surnames)}`,
        roles: roles.filter(() => choices.happens(0.3)).slice(0, 3),
        address: {
          city: choices.one(cities),
          zip: String(choices.integer(0, 99_999)).padStart(5, "0"),
        },
        score: choices.happens(0.1) ? null : choices.integer(0, 1000) / 10,
        active: choices.happens(0.7),
      };
      return `${JSON.stringify(value)}\n`;
    }).join("");
  },
  check(record): Verdict {
    let value: unknown;
    try {
      value = JSON.parse(record);
    } catch {
      return { holds: [false, false, false] };
    }
    const address = keysOf(value) === keys ? (value as { address: unknown }).address : undefined;
    return { holds: [true, keysOf(address) === addressKeys, v.is(schema, value)] };
  },
};

function keysOf(value: unknown): string | undefined {
  return typeof value === "object" && value !== null ? Object.keys(value).join() : undefined;
}
