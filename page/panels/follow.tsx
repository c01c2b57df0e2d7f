/** The panel Follow: to be built. */
export function FollowPanel() {
  return null;
}
