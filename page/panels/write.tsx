/** The panel Write: to be built. */
export function WritePanel() {
  return null;
}
