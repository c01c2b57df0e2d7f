/** The panel Inside: to be built. */
export function InsidePanel() {
  return null;
}
