/** The panel Files: to be built. */
export function FilesPanel() {
  return null;
}
