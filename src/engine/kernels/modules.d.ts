/** The compiled kernels: one module per precision. */
export const modules: Readonly<
  Record<"f32" | "f32-strict" | "f64", WebAssembly.Module>
>;
