/** A process that trains when it is asked to: each line of its input is a configuration's name. */
import * as unroll from "@unroll/unroll";
import { createInterface } from "node:readline";
import { configs, prepare } from "./steps.js";

const [, , seconds] = process.argv;
const trainings = Object.fromEntries(
  Object.entries(configs).map(([name, config]) => [name, prepare(unroll, config)]),
);
for await (const line of createInterface({ input: process.stdin })) {
  console.log(trainings[line](Number(seconds)));
}
