/**
 * Hashes of trained weights: a change that alters a bit of any cell, optimizer, precision or data
 * path fails here. `f32` is left out, because its bits depend on whether the processor fuses
 * multiply and add.
 */
import { assertEquals } from "@std/assert";
import { createHash } from "node:crypto";
import { type ConfigInput, resolveConfig } from "../../src/model/config.ts";
import { corpusFromText } from "../../src/text/corpus.ts";
import { Trainer } from "../../src/train/trainer.ts";

