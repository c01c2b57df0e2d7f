/** With these headers the page is cross-origin isolated, so that training may use several threads. */
const headers = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

export default {
  // The worker is a module, like the library that it imports.
  worker: { format: "es" },
  server: { headers },
  preview: { headers },
};
