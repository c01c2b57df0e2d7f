import { assert, assertEquals } from "@std/assert";
import { initialParameters, isInit } from "../../src/model/initialization.ts";
import { type ParameterSet, shapeEntries, type Sizes } from "../../src/model/parameters.ts";
import { Xoshiro128 } from "../../src/random.ts";

const H = 48;
const V = 30;

function draw(init: string, sizes: Partial<Sizes> = {}): ParameterSet {
  return initialParameters(
    { inputs: V, hidden: H, outputs: V, ...sizes },
    { init, precision: "f64", random: new Xoshiro128(1) },
  );
}

const isZero = (array: ArrayLike<number>) => Array.from(array).every((x) => x === 0);

/** Mean and standard deviation. */
function moments(array: ArrayLike<number>): readonly [number, number] {
  const numbers = Array.from(array);
  const mean = numbers.reduce((sum, x) => sum + x, 0) / numbers.length;
  const variance = numbers.reduce((sum, x) => sum + (x - mean) ** 2, 0) / numbers.length;
  return [mean, Math.sqrt(variance)];
}

/** Asserts that numbers are uniform from −bound to bound, by their limits and their deviation. */
function assertUniform(array: ArrayLike<number>, bound: number): void {
  const [mean, deviation] = moments(array);
  assert(Array.from(array).every((x) => Math.abs(x) <= bound));
  assert(Math.abs(mean) < 0.1 * bound, `mean ${mean}`);
  assert(Math.abs(deviation / (bound / Math.sqrt(3)) - 1) < 0.1, `deviation ${deviation}`);
}

/** The H×H matrix of a gate. */
function gateOf(Whh: ArrayLike<number>, gate: number): number[][] {
  const rows = Array.from({ length: H }, (_, row) => gate * H + row);
  return rows.map((row) => Array.from(Whh).slice(row * H, (row + 1) * H));
}

Deno.test("initialParameters() draws the shapes of every cell, in order of initialization", () => {
  for (const cell of ["rnn", "gru", "lstm"] as const) {
    const sizes = { cell, layers: 2, inputs: V, hidden: H, outputs: V };
    const set = draw("normal:0.1", sizes);
    const lengths = shapeEntries(sizes).map(([name, shape]) => [
      name,
      shape.reduce((product, n) => product * n, 1),
    ]);
    assertEquals(Object.entries(set).map(([name, array]) => [name, array.length]), lengths);
    const names = Object.keys(set);
    assertEquals([names[0], names.at(-1)], ["Wxh", "by"]);
  }
});

Deno.test("initialParameters() draws normal:S with standard deviation S and zero biases", () => {
  const random = new Xoshiro128(1);
  const { Wxh, Whh, Why, bh, by } = draw("normal:0.2");
  assertEquals(Wxh, Float64Array.from(Wxh, () => 0.2 * random.normal()));
  for (const weights of [Wxh, Whh, Why]) {
    const [mean, deviation] = moments(weights);
    assert(Math.abs(mean) < 0.02 && Math.abs(deviation - 0.2) < 0.01, `${mean} ${deviation}`);
  }
  assert(isZero(bh) && isZero(by));
});

Deno.test("initialParameters() draws uniform:S and pytorch with uniform biases", () => {
  for (const [init, bound] of [["uniform:0.08", 0.08], ["pytorch", 1 / Math.sqrt(H)]] as const) {
    const { Wxh, Whh, Why, bh, by } = draw(init);
    for (const weights of [Wxh, Whh, Why]) assertUniform(weights, bound);
    assert(!isZero(bh) && !isZero(by));
  }
});

Deno.test("initialParameters() bounds xavier by fan in and fan out of each gate", () => {
  const { Wxh, Whh, Why, bh, by } = draw("xavier", { cell: "gru" });
  assertUniform(Wxh, Math.sqrt(6 / (V + H)));
  assertUniform(Whh, Math.sqrt(6 / (H + H)));
  assertUniform(Why, Math.sqrt(6 / (H + V)));
  assert(isZero(bh) && isZero(by));
});

Deno.test("initialParameters() draws a different orthogonal matrix for each gate", () => {
  const { Wxh, Whh } = draw("orthogonal", { cell: "gru" });
  assertUniform(Wxh, Math.sqrt(6 / (V + H)));
  for (const gate of [0, 1, 2]) {
    const rows = gateOf(Whh, gate);
    rows.forEach((row, i) => {
      rows.forEach((other, j) => {
        const product = row.reduce((sum, x, k) => sum + x * other[k]!, 0);
        assert(Math.abs(product - (i === j ? 1 : 0)) < 1e-14, `gate ${gate}, rows ${i}, ${j}`);
      });
    });
  }
  assert(gateOf(Whh, 0)[0]![0] !== gateOf(Whh, 1)[0]![0]);
});

Deno.test("initialParameters() sets each gate to the identity", () => {
  const { Whh } = draw("identity", { cell: "lstm" });
  const identity = Array.from(
    { length: H },
    (_, i) => Array.from({ length: H }, (_, j) => +(i === j)),
  );
  for (const gate of [0, 1, 2, 3]) assertEquals(gateOf(Whh, gate), identity);
});

Deno.test("initialParameters() sets the forget bias of the LSTM to 1", () => {
  for (const init of ["normal:0.1", "uniform:0.1", "xavier", "orthogonal", "pytorch"]) {
    const { bh, bh_l1 } = draw(init, { cell: "lstm", layers: 2 });
    for (const bias of [bh, bh_l1!]) {
      assert(bias.subarray(H, 2 * H).every((x) => x === 1), init);
      assert(!bias.subarray(0, H).includes(1) && !bias.subarray(2 * H).includes(1), init);
    }
  }
});

Deno.test("isInit() accepts the names and scales of initializations", () => {
  const valid = ["normal:0", "normal:.5", "normal:1.", "uniform:1e-3", "uniform:1E3", "xavier"];
  const invalid = [
    "",
    "normal",
    "normal:",
    "normal:-1",
    "normal:1e999",
    "NORMAL:1",
    " xavier",
    "1",
  ];
  assertEquals([...valid, ...invalid].filter(isInit), valid);
});
