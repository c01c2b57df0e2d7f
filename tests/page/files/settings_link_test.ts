import { assert, assertEquals, assertThrows } from "@std/assert";
import { formatSettings } from "../../../page/files/format_settings.ts";
import { parseSettings } from "../../../page/files/settings_link.ts";
import { InputError } from "../../../src/mod.ts";

Deno.test("parseSettings() reads what formatSettings() writes", () => {
  const settings = [
    { config: {}, limits: {}, prompt: "" },
    {
      config: { cell: "lstm", hidden: 256, lr: 1e-4, seed: 9007199254740991, init: "normal:0.05" },
      limits: { minutes: 2.5, patience: 3 },
      prompt: 'Ω&=#% 👩‍👩‍👧 \n"<b>',
    },
    {
      config: { preset: "char-rnn", beta1: 0.5, optimizer: "adam" },
      limits: { steps: 5 },
      prompt: "",
    },
  ] as const;
  for (const each of settings) assertEquals(parseSettings(`#${formatSettings(each)}`), each);
  assertEquals(
    formatSettings({ config: { cell: "gru", seed: 3 }, limits: { epochs: 2 }, prompt: "" }),
    "cell=gru&seed=3&epochs=2",
  );
});

Deno.test("parseSettings() rejects what is no setting in one line", () => {
  const wrong = {
    "cell=cnn": /"cell"/,
    "hidden=1e9": /"hidden"/,
    "hidden=12px": /"hidden" must be a number, not "12px"/,
    "hidden=": /"hidden" must be a number, not ""/,
    "hidden=NaN": /must be a number/,
    "hidden=64&hidden=65": /"hidden" is given twice/,
    "text=secret": /there is no setting "text"/,
    "__proto__=1": /there is no setting "__proto__"/,
    "constructor=1": /there is no setting "constructor"/,
    "toString": /there is no setting/,
    "steps=0": /"steps" must be a whole number, 1 or above/,
    "epochs=-1": /"epochs" must be a finite number above 0/,
    "minutes=1e999": /"minutes" must be a finite number above 0/,
    "seed=-1": /"seed"/,
    "preset=none": /preset/,
    "optimizer=sgd&beta1=0.5": /beta1/,
    [`prompt=${"x".repeat(201)}`]: /has 201 characters/,
    [`init=${"x".repeat(5000)}`]: /at most 4000/,
  };
  for (const [fragment, message] of Object.entries(wrong)) {
    const error = assertThrows(() => parseSettings(fragment), InputError, undefined, fragment);
    assert(message.test(error.message), `${fragment}: ${error.message}`);
    assert(error.message.startsWith("Cannot use the settings of the link: "), error.message);
    assert(!error.message.includes("\n"));
  }
});
