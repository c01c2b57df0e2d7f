/** The compiled peak probe; bench/assembly/peak.ts is its source. */
export const module: WebAssembly.Module;
