// @ts-self-types="./module.d.ts"
import source peak from "./peak.wasm";

// JavaScript, for the reason given in src/engine/kernels/modules.js.
export const module = peak;
