import { assert } from "@std/assert";
import { Engine } from "../../src/engine/engine.ts";
import { parameterNames, parameterShapes } from "../../src/model/parameters.ts";

for (const precision of ["f32", "f32-strict", "f64"] as const) {
  const greatest = precision === "f64" ? Number.MAX_VALUE : 2 ** 128 - 2 ** 104;

  Deno.test(`${precision}: one number of any parameter that is not finite is noticed`, () => {
    for (const hidden of [1, 3, 8, 19]) {
      const sizes = { inputs: 5, hidden, outputs: 5 };
      const engine = new Engine({ ...sizes, precision, seqLength: 2, batchSize: 1 });
      const shapes = parameterShapes(sizes);
      assert(engine.parametersAreFinite());
      for (const name of parameterNames) {
        const count = shapes[name].reduce((product, n) => product * n, 1);
        for (let index = 0; index < count; index++) {
          for (const value of [NaN, Infinity, -Infinity]) {
            engine.writeParameter(name, index, value);
            assert(!engine.parametersAreFinite(), `${name}[${index}] = ${value}`);
          }
          engine.writeParameter(name, index, index % 2 === 0 ? greatest : -greatest);
          assert(engine.parametersAreFinite(), `${name}[${index}]`);
        }
      }
    }
  });

  Deno.test(`${precision}: gradients that are not finite are noticed, and none of before`, () => {
    const sizes = { inputs: 4, hidden: 6, outputs: 4 };
    const engine = new Engine({ ...sizes, precision, seqLength: 3, batchSize: 2 });
    const backward = () => {
      engine.forward();
      engine.crossEntropy();
      engine.backward();
    };
    engine.writeParameter("Why", 7, NaN);
    backward();
    assert(!engine.gradientsAreFinite());
    engine.writeParameter("Why", 7, 0.5);
    backward();
    assert(engine.gradientsAreFinite());
    // Finite weights whose products overflow on the way back.
    engine.writeParameter("by", 1, greatest);
    engine.writeParameter("Why", 1, greatest);
    engine.writeParameter("Whh", 1, greatest);
    backward();
    assert(!engine.gradientsAreFinite());
    assert(engine.parametersAreFinite());
  });
}
