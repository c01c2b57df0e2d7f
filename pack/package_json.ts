/** What {@linkcode packageJson} needs. */
export interface PackageFields {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  /** Source files by entry: `.`, `./engine`, … */
  readonly exports: Readonly<Record<string, string>>;
  /** Names of bundled files by entry, without extension. */
  readonly fileNames: Readonly<Record<string, string>>;
}

/**
 * The contents of package.json.
 *
 * @throws {Error} If an entry has no bundled file.
 */
export function packageJson(
  { name, version, license, exports, fileNames }: PackageFields,
): string {
  const entries = Object.entries(exports).map(([entry, source]) => {
    const file = fileNames[entry];
    if (file === undefined) throw new Error(`Cannot pack: the entry ${entry} has no file`);
    return [entry, { types: source.replace(/\.ts$/, ".d.ts"), default: `./${file}.js` }];
  });
  const contents = {
    name,
    version,
    description: "Train and sample character-level recurrent networks in WebAssembly SIMD",
    keywords: ["rnn", "gru", "lstm", "char-rnn", "language-model", "webassembly", "simd"],
    license,
    type: "module",
    sideEffects: false,
    engines: { node: ">=22" },
    // For tools that do not read "exports".
    main: "./mod.js",
    types: exports["."]!.replace(/\.ts$/, ".d.ts"),
    exports: Object.fromEntries(entries),
  };
  return `${JSON.stringify(contents, null, 2)}\n`;
}
