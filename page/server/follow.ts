/**
 * Answers requests below `/runs/` about the run folders that the page follows: to be built.
 *
 * @param runs Paths of run folders, from the current folder.
 */
export function follow(_request: Request, _runs: readonly string[]): Promise<Response> {
  return Promise.resolve(new Response(null, { status: 404 }));
}
