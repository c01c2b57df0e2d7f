/** The panel Compare: to be built. */
export function ComparePanel() {
  return null;
}
