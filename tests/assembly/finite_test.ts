/** Detection of numbers that are not finite. */
import { assert } from "@std/assert";
import { Engine } from "../../src/engine/engine.ts";
import { parameterNames, parameterShapes } from "../../src/model/parameters.ts";
import { precisions } from "./module.ts";

for (const precision of precisions) {
  const largest = precision === "f64" ? Number.MAX_VALUE : 2 ** 128 - 2 ** 104;

  Deno.test(`Engine.parametersAreFinite() detects every single number, ${precision}`, () => {
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
          engine.writeParameter(name, index, index % 2 === 0 ? largest : -largest);
          assert(engine.parametersAreFinite(), `${name}[${index}]`);
        }
      }
    }
  });

  Deno.test(`Engine.gradientsAreFinite() detects the gradients of the last pass, ${precision}`, () => {
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
    // Finite weights whose products overflow in the backward pass.
    engine.writeParameter("by", 1, largest);
    engine.writeParameter("Why", 1, largest);
    engine.writeParameter("Whh", 1, largest);
    backward();
    assert(!engine.gradientsAreFinite());
    assert(engine.parametersAreFinite());
  });
}
