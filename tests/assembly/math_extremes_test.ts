/**
 * The worst arguments of exp, log and tanh, found by searches too long for a test: for f32 over every
 * bit pattern of a function's interesting range, for f64 over some hundred million each, with the
 * largest errors measured in fixed point. In addition, arguments at the edges of log's reduction, near
 * √½ and √2, where a missing term of the series has the largest effect.
 */
import { assert } from "@std/assert";
import { instantiate } from "../../src/engine/kernels/instance.ts";
import type { Precision } from "../../src/model/parameters.ts";
import * as exact from "../reference/math.ts";
import { precisions, realsAt } from "./module.ts";

/** The bounds of assembly/math.ts, in units in the last place. */
const bounds = {
  "f32": { exp: 1.25, log: 1.25, tanh: 2.5 },
  "f32-strict": { exp: 1.25, log: 1.25, tanh: 2.5 },
  "f64": { exp: 1.25, log: 1.25, tanh: 2.75 },
} as const;

const worst = {
  "f32": {
    exp: [-5.888854026794434],
    log: [0.7065256237983704],
    tanh: [0.0077671753242611885, 0.031202640384435654],
  },
  "f32-strict": {
    exp: [59.27081298828125],
    log: [0.7065256237983704],
    tanh: [0.031202640384435654, 0.0077671753242611885],
  },
  "f64": {
    exp: [0.40409755652678925, -0.9945292006352486],
    log: [
      ...[0.691123050076169, 0.6835613208052667],
      ...[1.4137876809027745, 1.4129740954102792, 0.7094983411392638],
    ],
    tanh: [0.21652772026507577, 0.21909539943067413, 0.007808168135226897],
  },
} as const;

/** The distance between adjacent numbers of a precision at a normal x, exactly. */
function unitInLastPlace(x: number, precision: Precision): bigint {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, x);
  const exponent = Number((view.getBigUint64(0) >> 52n) & 0x7ffn) - 1023;
  return exact.fixed(2 ** (exponent - (precision === "f64" ? 52 : 23)));
}

for (const precision of precisions) {
  for (const name of ["exp", "log", "tanh"] as const) {
    Deno.test(`${name}InPlace() keeps its error bound at its worst arguments, ${precision}`, () => {
      const { kernels, layout, memory } = instantiate(precision, {
        ...{ inputs: 1, hidden: 1, outputs: 4, seqLength: 1, batchSize: 1 },
      });
      const area = realsAt(memory.buffer, { precision, address: layout.logits, count: 4 });
      for (const x of worst[precision][name]) {
        area.fill(x);
        kernels[`${name}InPlace`](layout.logits, 4);
        const difference = exact.fixed(area[0]!) - exact[name](exact.fixed(x));
        const units = (difference << 20n) / unitInLastPlace(area[0]!, precision);
        const error = Math.abs(Number(units)) / 2 ** 20;
        assert(error <= bounds[precision][name], `${name}(${x}) is off by ${error} units`);
      }
    });
  }
}
