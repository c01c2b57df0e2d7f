/**
 * Where exp, log and tanh are worst: the arguments that long searches found, far more numbers than a
 * test can try. For f32 they went through every bit pattern of the functions' interesting range; for
 * f64 through some hundred million in each, the most promising measured in fixed point. With them
 * stand arguments at the edges of log's reduction, near √½ and √2, where a term that is missing from
 * the series is felt first.
 */
import { assert } from "@std/assert";
import { instantiate } from "../../src/engine/kernels/instance.ts";
import type { Precision } from "../../src/model/types.ts";
import * as exact from "../reference/elementary.ts";

/** The bounds that assembly/elementary.ts states, in units in the last place. */
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

/** The distance of neighbouring numbers of this precision at x, which is normal, exactly. */
function unitInLastPlace(x: number, precision: Precision): bigint {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, x);
  const exponent = Number((view.getBigUint64(0) >> 52n) & 0x7ffn) - 1023;
  return exact.fixed(2 ** (exponent - (precision === "f64" ? 52 : 23)));
}

for (const precision of ["f32", "f32-strict", "f64"] as const) {
  for (const name of ["exp", "log", "tanh"] as const) {
    Deno.test(`${name} of ${precision} keeps its bound where it is worst`, () => {
      const { kernels, layout, memory } = instantiate(precision, {
        inputs: 1,
        hidden: 1,
        outputs: 4,
        seqLength: 1,
        batchSize: 1,
        denseInputs: false,
        denseTargets: false,
        training: false,
      });
      const { buffer } = memory;
      const area = precision === "f64"
        ? new Float64Array(buffer, layout.logits, 4)
        : new Float32Array(buffer, layout.logits, 4);
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
